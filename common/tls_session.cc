#include "common/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/check.h"
#include "common/secrets.h"
#include "common/strings.h"

namespace chorus {
namespace {

// At most this much of the peer's stream is taken at once.
constexpr size_t kInputBytes = 128 << 10;
// The identity of the shared key: by it a server tells our clients from other TLS clients.
constexpr char kIdentity[] = "chorus";
constexpr char kSuite[] = "TLS_AES_128_GCM_SHA256";
constexpr unsigned char kSuiteBytes[] = {0x13, 0x01};

struct FreeTls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Context = std::unique_ptr<SSL_CTX, FreeTls>;

// The library's reason, and an empty queue for the next call.
std::string ReasonOfTls() {
  const unsigned long error = ERR_peek_last_error();
  const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  std::string text = reason == nullptr ? "TLS ended" : reason;
  ERR_clear_error();
  return text;
}

// The error that a server finds, and that its client hears by an alert (that of RFC 8446, or the
// one the library sends instead), when another key was proved.
bool IsOfAnotherKey(unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return false;
  const int reason = ERR_GET_REASON(error);
  return reason == SSL_R_BINDER_DOES_NOT_VERIFY || reason == SSL_R_TLSV1_ALERT_DECRYPT_ERROR ||
         reason == SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER;
}

// Any other failure may be due to the network, and another connection may succeed.
Status FailureOfHandshake() {
  const bool of_another_key = IsOfAnotherKey(ERR_peek_last_error());
  const std::string reason = ReasonOfTls();
  if (!of_another_key) return Unavailable(StrCat("the TLS handshake failed: ", reason));
  return PermissionDenied(StrCat("one of the two cannot prove the job's key (TLS: ", reason, ")"));
}

class OpenSslSession;
OpenSslSession& SessionOf(const SSL* ssl);

// ---- the library reads and writes the memory of a session

int ReadInput(BIO* bio, char* out, int bytes);
int WriteOutput(BIO* bio, const char* bytes, int count);

long Control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* Memory() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chorus");
    CHECK(made != nullptr && BIO_meth_set_read(made, ReadInput) == 1 &&
          BIO_meth_set_write(made, WriteOutput) == 1 && BIO_meth_set_ctrl(made, Control) == 1);
    return made;
  }();
  return method;
}

// ---- the shared key

// Makes a session that never took place: in this form the library takes an external PSK.
SSL_SESSION* SessionOfKey(SSL* ssl, const std::string& key) {
  SSL_SESSION* const session = SSL_SESSION_new();
  const SSL_CIPHER* const suite = SSL_CIPHER_find(ssl, kSuiteBytes);
  if (session != nullptr && suite != nullptr &&
      SSL_SESSION_set1_master_key(session, reinterpret_cast<const unsigned char*>(key.data()),
                                  key.size()) == 1 &&
      SSL_SESSION_set_cipher(session, suite) == 1 &&
      SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1) {
    return session;
  }
  SSL_SESSION_free(session);
  return nullptr;
}

int UseKey(SSL* ssl, const EVP_MD* digest, const unsigned char** identity, size_t* identity_bytes,
           SSL_SESSION** session);
int FindKey(SSL* ssl, const unsigned char* identity, size_t identity_bytes, SSL_SESSION** session);

Result<Context> NewContext(Role role) {
  Context context(SSL_CTX_new(role == Role::kClient ? TLS_client_method() : TLS_server_method()));
  SSL_CTX* const raw = context.get();
  if (raw == nullptr || SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(raw, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_ciphersuites(raw, kSuite) != 1 || SSL_CTX_set1_groups_list(raw, "X25519") != 1 ||
      SSL_CTX_set_num_tickets(raw, 0) != 1) {
    return Internal(StrCat("this system's OpenSSL has no TLS 1.3 with ", kSuite,
                           " and X25519: ", ReasonOfTls()));
  }
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
  SSL_CTX_clear_options(raw, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
  SSL_CTX_set_mode(raw, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (role == Role::kClient) {
    // A server that shows a certificate instead of the key is refused: no certificate is trusted.
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_psk_use_session_callback(raw, UseKey);
  } else {
    SSL_CTX_set_psk_find_session_callback(raw, FindKey);
  }
  return context;
}

class OpenSslContext final : public TlsContext {
 public:
  OpenSslContext(Context client, Context server)
      : client_(std::move(client)), server_(std::move(server)) {}
  void* handle(Role role) const override {
    return role == Role::kClient ? client_.get() : server_.get();
  }

 private:
  const Context client_, server_;
};

class OpenSslSession final : public TlsSession {
 public:
  OpenSslSession(std::shared_ptr<const TlsContext> context, const std::string& key,
                 uint64_t bytes_of_one_key)
      : context_(std::move(context)), key_(key), bytes_of_one_key_(bytes_of_one_key) {}

  Status Open(Role role) {
    ssl_.reset(SSL_new(static_cast<SSL_CTX*>(context_->handle(role))));
    BIO* const memory = ssl_ == nullptr ? nullptr : BIO_new(Memory());
    if (memory == nullptr) return Internal(StrCat("a session of TLS: ", ReasonOfTls()));
    BIO_set_data(memory, this);
    BIO_set_init(memory, 1);
    SSL_set_bio(ssl_.get(), memory, memory);
    SSL_set_app_data(ssl_.get(), this);
    if (role == Role::kClient) SSL_set_connect_state(ssl_.get());
    if (role == Role::kServer) SSL_set_accept_state(ssl_.get());
    return Status::Ok();
  }

  Result<bool> Shake() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) {
      if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return false;
      return FailureOfHandshake();
    }
    // Only the shared key is accepted as a proof.
    if (SSL_session_reused(ssl_.get()) != 1) {
      return PermissionDenied("the peer cannot prove the job's key (TLS without it)");
    }
    OPENSSL_cleanse(key_.data(), key_.size());
    return true;
  }

  std::span<std::byte> InputSpace() override {
    CHECK(input_.empty(), "bytes of the peer are left");
    if (input_space_.empty()) input_space_.resize(kInputBytes);
    return input_space_;
  }
  void Came(size_t bytes) override { input_ = std::span(input_space_).first(bytes); }

  Result<size_t> Read(std::span<std::byte> out) override {
    size_t total = 0;
    while (total < out.size()) {
      ERR_clear_error();
      size_t got = 0;
      const auto rest = out.subspan(total);
      if (SSL_read_ex(ssl_.get(), rest.data(), rest.size(), &got) == 1) {
        total += got;
        continue;
      }
      const int error = SSL_get_error(ssl_.get(), 0);
      if (error == SSL_ERROR_WANT_READ) break;
      if (error == SSL_ERROR_ZERO_RETURN) return Unavailable("the peer closed the connection");
      return DataLoss(StrCat("what came is not what the peer sent (TLS: ", ReasonOfTls(), ")"));
    }
    return total;
  }

  Status Write(std::span<const std::byte> bytes) override {
    CHECK(!bytes.empty() && bytes.size() <= kRecordBytes);
    ERR_clear_error();
    written_ += bytes.size();
    if (written_ > bytes_of_one_key_) {
      if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) != 1) return Broken();
      written_ = bytes.size();
      ++key_changes_;
    }
    size_t done = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &done) != 1) return Broken();
    CHECK(done == bytes.size());
    return Status::Ok();
  }

  void TakeOutput(std::vector<std::byte>* out) override {
    out->clear();
    std::swap(*out, output_);
  }
  size_t output_bytes() const override { return output_.size(); }
  uint64_t key_changes() const override { return key_changes_; }

  const std::string& key() const { return key_; }
  // For the library: 0 = nothing is there.
  size_t TakeInput(std::span<std::byte> out) {
    const size_t taken = std::min(out.size(), input_.size());
    if (taken > 0) std::memcpy(out.data(), input_.data(), taken);
    input_ = input_.subspan(taken);
    return taken;
  }
  void AddOutput(std::span<const std::byte> bytes) {
    output_.insert(output_.end(), bytes.begin(), bytes.end());
  }

 private:
  static Status Broken() { return DataLoss(StrCat("sending by TLS: ", ReasonOfTls())); }

  const std::shared_ptr<const TlsContext> context_;
  std::string key_;  // until it is proved
  const uint64_t bytes_of_one_key_;
  std::vector<std::byte> input_space_;
  std::span<std::byte> input_;  // what is left of what came
  std::vector<std::byte> output_;
  uint64_t written_ = 0;  // under the present key
  uint64_t key_changes_ = 0;
  std::unique_ptr<SSL, FreeTls> ssl_;  // uses all of the above
};

OpenSslSession& SessionOf(const SSL* ssl) {
  return *static_cast<OpenSslSession*>(SSL_get_app_data(ssl));
}

int ReadInput(BIO* bio, char* out, int bytes) {
  BIO_clear_retry_flags(bio);
  const size_t taken =
      static_cast<OpenSslSession*>(BIO_get_data(bio))
          ->TakeInput({reinterpret_cast<std::byte*>(out), static_cast<size_t>(std::max(bytes, 0))});
  if (taken > 0) return static_cast<int>(taken);
  BIO_set_retry_read(bio);
  return -1;
}

int WriteOutput(BIO* bio, const char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  static_cast<OpenSslSession*>(BIO_get_data(bio))
      ->AddOutput({reinterpret_cast<const std::byte*>(bytes), static_cast<size_t>(count)});
  return count;
}

int UseKey(SSL* ssl, const EVP_MD* /*digest*/, const unsigned char** identity,
           size_t* identity_bytes, SSL_SESSION** session) {
  *session = SessionOfKey(ssl, SessionOf(ssl).key());
  *identity = reinterpret_cast<const unsigned char*>(kIdentity);
  *identity_bytes = sizeof(kIdentity) - 1;
  return *session == nullptr ? 0 : 1;
}

int FindKey(SSL* ssl, const unsigned char* identity, size_t identity_bytes, SSL_SESSION** session) {
  *session = nullptr;  // an unknown identity: the handshake goes on without, and ends
  if (std::string_view(reinterpret_cast<const char*>(identity), identity_bytes) != kIdentity) {
    return 1;
  }
  *session = SessionOfKey(ssl, SessionOf(ssl).key());
  return *session == nullptr ? 0 : 1;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Create() {
  ASSIGN_OR_RETURN(Context client, NewContext(Role::kClient));
  ASSIGN_OR_RETURN(Context server, NewContext(Role::kServer));
  return std::shared_ptr<const TlsContext>(
      std::make_shared<OpenSslContext>(std::move(client), std::move(server)));
}

Result<std::unique_ptr<TlsSession>> TlsSession::Create(std::shared_ptr<const TlsContext> context,
                                                       Role role, const std::string& key,
                                                       uint64_t bytes_of_one_key) {
  CHECK(key.size() == kSecretBytes);
  auto session = std::make_unique<OpenSslSession>(std::move(context), key, bytes_of_one_key);
  RETURN_IF_ERROR(session->Open(role));
  return std::unique_ptr<TlsSession>(std::move(session));
}

}  // namespace chorus
