#pragma once
// The seam between workers and servers: request and reply frames over TCP (transport_tcp.cc) or
// between threads of one process (transport_inproc.cc). A channel reconnects by itself, and repeats
// what was not answered, under the same request id, until the deadline. So a handler may see a
// request twice, and must answer it with the same bytes (ps/server.h does).
//
// Handlers of listeners and callbacks of channels run on the Transport's threads, those of one
// connection on one of them. They must not block (no Call inside them) or destroy transport
// objects.
// Thread safety: all methods from any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/frame.h"
#include "common/io_loop.h"
#include "common/status.h"

namespace chorus {

// How a connection over TCP is protected, beyond the proof of the token at its start.
enum class Protection {
  kAuthenticated,  // not at all: for trusted networks; whoever can change packets can change frames
  kEncrypted,      // TLS: nobody reads, changes, repeats or leaves out anything
  kEncryptedBetweenHosts,  // TLS, except on loopback, which does not leave the host
};

// REQUIRES: max_part_bytes and max_frame_bytes are set (a job takes them from ClusterConfig), and
// for TCP the token.
struct TransportOptions {
  std::string token;  // the job's secret; both sides must hold the same (TCP)
  Protection protection = Protection::kEncryptedBetweenHosts;
  // The service that listeners answer as: their clients prove the token for this service, so that a
  // client that reaches another listener of the same job is refused. "" = all listeners are alike.
  std::string service;
  std::string listen_address;     // host or address to bind; "" = all interfaces
  uint64_t max_part_bytes = 0;    // larger frames are cut into parts
  uint64_t max_frame_bytes = 0;   // what a peer may make us allocate for one frame
  uint32_t threads = 1;           // at most, for connections (TCP)
  double handshake_seconds = 10;  // an unproven connection is closed after this
  std::string local_name = "?";   // "worker 1", for messages
  NewIoLoop new_loop;             // of the loops that listeners and channels live on
};

// Answers one request. Call it exactly once, from any thread. An answer to a connection that is
// gone is dropped: the client asks again on its next one.
using Responder = std::function<void(Frame reply)>;
using RequestHandler = std::function<void(Frame request, Responder respond)>;
// Lets the handler answer. An exception that the handler lets out (a library throws when memory is
// used up) is answered with the error that it means.
void HandleRequest(const RequestHandler& handler, Frame request, Responder respond);
using ReplyCallback = std::function<void(Result<Frame> reply)>;

class Listener {
 public:
  // Stops accepting and closes every connection; afterwards no handler runs any more.
  virtual ~Listener() = default;
  // What Connect takes: "host:port" that other machines reach, after "SERVICE@" if there is a
  // service, or the in-process name.
  virtual std::string endpoint() const = 0;
};

class Channel {
 public:
  virtual ~Channel() = default;  // pending calls end with kAborted
  // Sends and calls back once: with the reply, or with an error. Errors: kDeadlineExceeded, naming
  // peer and request, when `deadline_seconds` have passed; kPermissionDenied or kFailedPrecondition
  // (another version) when the peer refuses us and has never proved itself to this channel; the code
  // of an error frame that comes back; in-process, kUnavailable at once if nobody listens there.
  virtual void CallAsync(Frame request, double deadline_seconds, ReplyCallback done) = 0;
  Result<Frame> Call(Frame request, double deadline_seconds);  // waits for CallAsync
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual Result<std::unique_ptr<Listener>> Listen(RequestHandler handler) = 0;
  // Returns at once; the connection is made when it is first used. An endpoint may have
  // several places, "server 0@10.0.0.7:41230,[fd00::7]:41230", tried in turn until somebody proves
  // the token, and to be that service.
  // `peer_name` ("server 0") is for messages. Error: kResourceExhausted when the system gives no
  // thread for it.
  virtual Result<std::unique_ptr<Channel>> Connect(const std::string& endpoint,
                                                   const std::string& peer_name) = 0;
};

std::unique_ptr<Transport> NewTcpTransport(const TransportOptions& options);
// Endpoints are names in one registry of the process. Frames pass without being copied. The
// transport has one thread.
std::unique_ptr<Transport> NewInprocTransport(const TransportOptions& options);

}  // namespace chorus
