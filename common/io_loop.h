#pragma once
// A thread that waits for sockets and timers and runs callbacks; the network library behind it is
// hidden in io_loop.cc. IoLoop is the queue that anyone may post to, IoThread runs and ends it, and
// IoThreads are several of these.
// Thread safety: IoLoop, IoThread and IoThreads from any thread. Sockets, acceptors and timers are
// used from the loop's thread only; their callbacks run there, never inside the call that they were
// given to.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"

namespace chorus {

class IoLoop;

class Socket {
 public:
  virtual ~Socket() = default;  // closes the connection
  // Fills all of `out`, which must stay valid until `done` is called. One read at a time.
  // Errors: kUnavailable (the connection is lost), kAborted (Close was called).
  virtual void Read(std::span<std::byte> out, std::function<void(Status)> done) = 0;
  // Fills as much of `out` as there is, at least a byte. It counts as a read. Errors as above.
  virtual void ReadSome(std::span<std::byte> out, std::function<void(Result<size_t>)> done) = 0;
  // Sends all the pieces in order, without copying them: they must stay valid until `done` is
  // called. One write at a time.
  virtual void Write(std::span<const std::span<const std::byte>> pieces,
                     std::function<void(Status)> done) = 0;
  // Runs `work` on this thread, after what is running now; dropped if the loop has ended.
  virtual void Later(std::function<void()> work) = 0;
  virtual void Close() = 0;  // pending operations end with kAborted
  // The connection as a socket of another loop's thread; this one is closed. REQUIRES: nothing is
  // pending.
  virtual Result<std::unique_ptr<Socket>> MoveTo(IoLoop& loop) = 0;
  virtual const std::string& peer() const = 0;  // "10.0.0.7:41230"
  virtual bool loopback() const = 0;            // both ends are on this host's loopback device
  virtual bool sealed() const = 0;  // bytes that were altered on the way are found (tls_socket.h)
};

class Timer {
 public:
  virtual ~Timer() = default;  // cancels
  // Calls back once after `seconds`. An earlier Start that has not called back yet is cancelled.
  virtual void Start(double seconds, std::function<void()> done) = 0;
  virtual void Cancel() = 0;
};

class Acceptor {
 public:
  virtual ~Acceptor() = default;  // stops accepting
  virtual uint16_t port() const = 0;
  virtual void Accept(std::function<void(Result<std::unique_ptr<Socket>>)> done) = 0;
};

class IoLoop {
 public:
  virtual ~IoLoop() = default;
  // For IoThread: Run runs what is posted until Stop, and returns after the callback that is
  // running.
  virtual void Run() = 0;
  virtual void Stop() = 0;
  // Runs `work` on the loop's thread, after what was posted before. It is dropped if the loop has
  // ended.
  virtual void Post(std::function<void()> work) = 0;
  virtual bool InLoop() const = 0;

  virtual std::unique_ptr<Timer> NewTimer() = 0;
  // Binds to `address` (host or address; "" = every interface), on a port that the kernel chooses.
  virtual Result<std::unique_ptr<Acceptor>> Bind(const std::string& address) = 0;
  // Resolves "host:port" and connects. Destroying what it returns cancels the attempt, which then
  // does not call back.
  virtual std::shared_ptr<void> Connect(
      const std::string& endpoint, std::function<void(Result<std::unique_ptr<Socket>>)> done) = 0;
};

// Makes a loop; an empty one stands for a loop over the operating system's network.
using NewIoLoop = std::function<std::shared_ptr<IoLoop>()>;

class IoThread {
 public:
  // Error: kResourceExhausted when the system gives no thread or no open file.
  static Result<std::shared_ptr<IoThread>> Start(const NewIoLoop& new_loop = {});
  // Ends the loop; what was posted and has not run is dropped. Must not run on the loop's own
  // thread.
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  const std::shared_ptr<IoLoop>& loop() const { return loop_; }
  // Runs `work` on the loop's thread and waits for it; on that thread itself it runs at once.
  void RunAndWait(const std::function<void()>& work);

 private:
  IoThread() = default;

  std::shared_ptr<IoLoop> loop_;
  std::thread thread_;
};

// Hands out up to `most` threads in turn; each starts when it is first handed out.
class IoThreads {
 public:
  explicit IoThreads(uint32_t most, NewIoLoop new_loop = {})
      : most_(most), new_loop_(std::move(new_loop)) {}

  Result<std::shared_ptr<IoThread>> Next();  // error: as IoThread::Start
  std::vector<std::shared_ptr<IoThread>> started();

 private:
  const uint32_t most_;
  const NewIoLoop new_loop_;
  Mutex mutex_;
  std::vector<std::shared_ptr<IoThread>> threads_ GUARDED_BY(mutex_);
  size_t handed_out_ GUARDED_BY(mutex_) = 0;
};

}  // namespace chorus
