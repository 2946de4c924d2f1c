#pragma once
// TLS 1.3 of one connection, as a state machine that takes and makes bytes; tls_socket.h moves them. Both sides prove a
// key that they share (an external PSK) and agree on the connection's own key by ephemeral X25519: somebody who learns
// the shared key later cannot read what was recorded. There are no certificates. Records are sealed by AES-128-GCM: one
// that was altered, left out, repeated or moved is found.
// Thread safety: a TlsContext from any thread; a session belongs to one thread at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/handshake.h"
#include "common/status.h"

namespace chorus {

// What the sessions of a transport have in common.
class TlsContext {
 public:
  // Error: kInternal when OpenSSL lacks what is needed.
  static Result<std::shared_ptr<const TlsContext>> Create();
  virtual ~TlsContext() = default;
  virtual void* handle(Role role) const = 0;  // an SSL_CTX, for tls_session.cc
};

class TlsSession {
 public:
  // The most plain bytes of one record.
  static constexpr size_t kRecordBytes = 16 << 10;
  // After this many bytes the sender takes a new key: far fewer than one key of AES-GCM is good
  // for.
  static constexpr uint64_t kBytesOfOneKey = uint64_t{64} << 30;

  // key: kSecretBytes bytes.
  static Result<std::unique_ptr<TlsSession>> Create(std::shared_ptr<const TlsContext> context,
                                                    Role role, const std::string& key,
                                                    uint64_t bytes_of_one_key = kBytesOfOneKey);
  virtual ~TlsSession() = default;

  // Goes on with the handshake as far as the bytes that came allow; true: it has ended, and the peer has proved the
  // key. Errors: kPermissionDenied when the peer proved another key, or says that ours is another (bytes that were
  // altered on the way can look like this, too); kUnavailable when the handshake failed for another reason. After an
  // error the output may hold an alert for the peer.
  virtual Result<bool> Shake() = 0;

  // InputSpace is the memory for the peer's next bytes; Came says how many of them came. REQUIRES (Came): the bytes
  // before them are used up, which they are once Shake has returned false or Read has returned fewer bytes than were
  // asked for.
  virtual std::span<std::byte> InputSpace() = 0;
  virtual void Came(size_t bytes) = 0;
  // Reads plain bytes into `out` and returns how many: as many as there are, at most all of `out`.
  // Error: kDataLoss when the stream is not what the peer sent.
  virtual Result<size_t> Read(std::span<std::byte> out) = 0;
  // Adds at most kRecordBytes to the output as one record.
  virtual Status Write(std::span<const std::byte> bytes) = 0;
  // Takes what is to be sent to the peer; what was in `out` is dropped, and its memory used again.
  virtual void TakeOutput(std::vector<std::byte>* out) = 0;
  virtual size_t output_bytes() const = 0;
  virtual uint64_t key_changes() const = 0;  // of our own sending
};

}  // namespace chorus
