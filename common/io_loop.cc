// One thread runs the loop and posting takes a lock, so the library's own fences around callbacks
// add nothing; g++'s thread sanitizer does not know fences and refuses to compile them.
#define BOOST_ASIO_DISABLE_FENCED_BLOCK

#include "common/io_loop.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <cctype>
#include <chrono>
#include <future>
#include <utility>

#include "common/check.h"
#include "common/host_address.h"
#include "common/log.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "common/thread.h"

namespace chorus {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// A library failure as a Status: "connection refused" and the like. Everything but our own Close is
// kUnavailable, so that whoever called tries again: a peer that restarts refuses connections for a
// while, and only the deadline of a call can tell that from one that is gone.
Status StatusOf(const error_code& error) {
  if (!error) return Status::Ok();
  if (error == asio::error::operation_aborted) return Aborted("closed");
  if (error.category() == boost::system::system_category() && IsFileShortage(error.value())) {
    return FileShortage("opening a connection", error.value());
  }
  if (error == asio::error::eof) return Unavailable("the peer closed the connection");
  std::string text = error.message();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return Unavailable(std::move(text));
}

// An IPv4 address as such, and not in the mapped form of a socket for both kinds.
asio::ip::address Unmapped(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

std::string TextOf(const tcp::endpoint& endpoint) {
  return EndpointText(Unmapped(endpoint.address()).to_string(), endpoint.port());
}

bool IsLoopback(const asio::ip::address& address) { return Unmapped(address).is_loopback(); }

// As transfer_all, but in as few system calls as the kernel allows: the library's own asks for 64
// KiB at a time.
size_t TransferAll(const error_code& error, size_t /*transferred*/) {
  return error ? 0 : size_t{1} << 30;
}

// Small frames must not wait for acknowledgements; a peer that vanished without a word (machine
// down, cable cut) is noticed after about 25 seconds instead of hours.
void Tune(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const int idle_seconds = 10, interval_seconds = 5, probes = 3;
  const int fd = socket.native_handle();
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(idle_seconds));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof(interval_seconds));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
  const unsigned unacknowledged_ms = 25000;
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof(unacknowledged_ms));
}

class AsioSocket final : public Socket {
 public:
  explicit AsioSocket(tcp::socket socket) : socket_(std::move(socket)) {
    Tune(socket_);
    error_code error;
    const tcp::endpoint remote = socket_.remote_endpoint(error);
    peer_ = error ? "a peer that is gone" : TextOf(remote);
    loopback_ = !error && IsLoopback(remote.address());
  }

  void Read(std::span<std::byte> out, std::function<void(Status)> done) override {
    asio::async_read(
        socket_, asio::buffer(out.data(), out.size()), TransferAll,
        [done = std::move(done)](const error_code& error, size_t) { done(StatusOf(error)); });
  }

  void ReadSome(std::span<std::byte> out, std::function<void(Result<size_t>)> done) override {
    socket_.async_read_some(asio::buffer(out.data(), out.size()),
                            [done = std::move(done)](const error_code& error, size_t got) {
                              error ? done(StatusOf(error)) : done(got);
                            });
  }

  void Later(std::function<void()> work) override {
    asio::post(socket_.get_executor(), std::move(work));
  }

  void Write(std::span<const std::span<const std::byte>> pieces,
             std::function<void(Status)> done) override {
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(pieces.size());
    for (const auto& piece : pieces) buffers.emplace_back(piece.data(), piece.size());
    asio::async_write(
        socket_, buffers, TransferAll,
        [done = std::move(done)](const error_code& error, size_t) { done(StatusOf(error)); });
  }

  void Close() override {
    error_code ignored;
    socket_.close(ignored);
  }

  Result<std::unique_ptr<Socket>> MoveTo(IoLoop& loop) override;

  const std::string& peer() const override { return peer_; }
  bool loopback() const override { return loopback_; }
  bool sealed() const override { return false; }

 private:
  tcp::socket socket_;
  std::string peer_;
  bool loopback_ = false;
};

class AsioTimer final : public Timer {
 public:
  explicit AsioTimer(asio::io_context& context) : timer_(context) {}

  void Start(double seconds, std::function<void()> done) override {
    // Longer than a year is never: the clock's count must not overflow.
    const double bounded = std::clamp(seconds, 0.0, 3.2e7);
    timer_.expires_after(std::chrono::microseconds(static_cast<int64_t>(bounded * 1e6)));
    // The library cannot take back a wait that has expired and whose callback is queued. Each Start
    // and Cancel begins a round, and a callback of an earlier round does nothing. The count is
    // shared, since such a callback may outlive the timer.
    const uint64_t round = ++*round_;
    timer_.async_wait([round, current = round_, done = std::move(done)](const error_code& error) {
      if (!error && *current == round) done();
    });
  }

  void Cancel() override {
    ++*round_;
    timer_.cancel();
  }

  ~AsioTimer() override { ++*round_; }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<uint64_t> round_ = std::make_shared<uint64_t>(0);
};

class AsioAcceptor final : public Acceptor {
 public:
  explicit AsioAcceptor(tcp::acceptor acceptor)
      : acceptor_(std::move(acceptor)), port_(acceptor_.local_endpoint().port()) {}

  uint16_t port() const override { return port_; }

  void Accept(std::function<void(Result<std::unique_ptr<Socket>>)> done) override {
    acceptor_.async_accept([done = std::move(done)](const error_code& error, tcp::socket socket) {
      if (error) {
        done(StatusOf(error));
      } else {
        done(std::unique_ptr<Socket>(std::make_unique<AsioSocket>(std::move(socket))));
      }
    });
  }

 private:
  tcp::acceptor acceptor_;
  const uint16_t port_;
};

// One attempt to reach an endpoint: it resolves the name, then tries the addresses in order. The
// library's callbacks own it; whoever started it can only cancel it, which empties done_, so that a
// callback that is queued already tells nobody.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  using Done = std::function<void(Result<std::unique_ptr<Socket>>)>;
  Attempt(asio::io_context& context, Done done)
      : resolver_(context), socket_(context), done_(std::move(done)) {}

  void Start(const std::string& host, const std::string& port) {
    resolver_.async_resolve(
        host, port,
        [self = shared_from_this()](const error_code& error, tcp::resolver::results_type found) {
          if (error) return self->Finish(error);
          asio::async_connect(
              self->socket_, found,
              [self](const error_code& failed, const tcp::endpoint&) { self->Finish(failed); });
        });
  }

  void Cancel() {
    done_ = nullptr;
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void Finish(const error_code& error) {
    if (!done_) return;
    const Done done = std::exchange(done_, nullptr);
    if (error) return done(StatusOf(error));
    done(std::unique_ptr<Socket>(std::make_unique<AsioSocket>(std::move(socket_))));
  }

  tcp::resolver resolver_;
  tcp::socket socket_;
  Done done_;
};

class AsioLoop final : public IoLoop {
 public:
  asio::io_context& context() { return context_; }
  void Post(std::function<void()> work) override { asio::post(context_, std::move(work)); }
  bool InLoop() const override { return thread_.load() == std::this_thread::get_id(); }
  std::unique_ptr<Timer> NewTimer() override { return std::make_unique<AsioTimer>(context_); }
  Result<std::unique_ptr<Acceptor>> Bind(const std::string& address) override;
  std::shared_ptr<void> Connect(const std::string& endpoint, Attempt::Done done) override;

  void Run() override {
    thread_ = std::this_thread::get_id();
    context_.run();
  }
  // Makes the library open the files that it needs now, and not when a first socket needs them.
  void OpenFiles() { asio::steady_timer timer(context_); }
  // Ends Run after the callback that is running. What is queued is destroyed with the context, and
  // not called: that is why callbacks hold their objects weakly, or own them.
  void Stop() override {
    work_.reset();
    context_.stop();
  }

 private:
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::atomic<std::thread::id> thread_{};
};

Result<std::unique_ptr<Acceptor>> AsioLoop::Bind(const std::string& address) {
  tcp::endpoint local(tcp::v6(), 0);
  error_code error;
  if (!address.empty()) {
    tcp::resolver resolver(context_);
    const auto found = resolver.resolve(address, "0", error);
    if (error) return StatusOf(error).Annotate(StrCat("listen address ", address));
    local = found.begin()->endpoint();
  }
  tcp::acceptor acceptor(context_);
  acceptor.open(local.protocol(), error);
  if (address.empty()) {
    // IPv4 comes over the same socket; a system without IPv6 has a socket of IPv4 alone.
    if (!error) acceptor.set_option(asio::ip::v6_only(false), error);
    if (error && !IsFileShortage(error.value())) {
      error_code ignored;
      acceptor.close(ignored);
      local = tcp::endpoint(tcp::v4(), 0);
      acceptor.open(local.protocol(), error);
    }
  }
  if (error) return StatusOf(error).Annotate("listen");
  if (acceptor.bind(local, error); error) {
    return StatusOf(error).Annotate(StrCat("listen on ", TextOf(local)));
  }
  if (acceptor.listen(asio::socket_base::max_listen_connections, error); error) {
    return StatusOf(error).Annotate(StrCat("listen on ", TextOf(local)));
  }
  return std::unique_ptr<Acceptor>(std::make_unique<AsioAcceptor>(std::move(acceptor)));
}

std::shared_ptr<void> AsioLoop::Connect(const std::string& endpoint, Attempt::Done done) {
  const size_t colon = endpoint.rfind(':');
  auto attempt = std::make_shared<Attempt>(context_, std::move(done));
  std::string host = endpoint.substr(0, colon);
  if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
  attempt->Start(host, colon == std::string::npos ? "" : endpoint.substr(colon + 1));
  return std::shared_ptr<void>(attempt.get(), [attempt](void*) { attempt->Cancel(); });
}

// The descriptor changes hands: release() takes it out of this thread's library object without
// closing it, and the other thread's object takes it up. Only with nothing pending, since release()
// would end a pending operation.
Result<std::unique_ptr<Socket>> AsioSocket::MoveTo(IoLoop& loop) {
  error_code error;
  const tcp::endpoint local = socket_.local_endpoint(error);
  if (error) return StatusOf(error);
  const int fd = socket_.release(error);
  if (error) return StatusOf(error);
  tcp::socket moved(static_cast<AsioLoop&>(loop).context());
  moved.assign(local.protocol(), fd, error);
  if (error) {
    ::close(fd);
    return StatusOf(error);
  }
  return std::unique_ptr<Socket>(std::make_unique<AsioSocket>(std::move(moved)));
}

constexpr char kStarting[] = "starting a network thread";

Result<std::shared_ptr<IoLoop>> NewAsioLoop() {
  auto loop = std::make_shared<AsioLoop>();
  try {
    loop->OpenFiles();
  } catch (const boost::system::system_error& error) {
    const int code = error.code().value();
    return IsFileShortage(code) ? FileShortage(kStarting, code)
                                : Internal(StrCat(kStarting, ": ", error.what()));
  }
  return std::shared_ptr<IoLoop>(std::move(loop));
}

}  // namespace

Result<std::shared_ptr<IoThread>> IoThread::Start(const NewIoLoop& new_loop) {
  std::shared_ptr<IoThread> started(new IoThread());
  if (new_loop) {
    started->loop_ = new_loop();
  } else {
    ASSIGN_OR_RETURN(started->loop_, NewAsioLoop());
  }
  ASSIGN_OR_RETURN(started->thread_, StartThread("chorus-io", kStarting,
                                                 [loop = started->loop_.get()] { loop->Run(); }));
  return started;
}

IoThread::~IoThread() {
  if (!thread_.joinable()) return;  // it never started
  CHECK(!loop_->InLoop(), "a transport object was destroyed by its own thread");
  loop_->Stop();
  thread_.join();
}

// The loop runs until ~IoThread, so the work is never dropped while somebody waits for it here.
void IoThread::RunAndWait(const std::function<void()>& work) {
  if (loop_->InLoop()) return work();
  std::promise<void> finished;
  loop_->Post([&] {
    work();
    finished.set_value();
  });
  finished.get_future().wait();
}

Result<std::shared_ptr<IoThread>> IoThreads::Next() {
  const MutexLock lock(mutex_);
  const size_t i = handed_out_ % most_;
  if (i == threads_.size()) {
    ASSIGN_OR_RETURN(std::shared_ptr<IoThread> thread, IoThread::Start(new_loop_));
    threads_.push_back(std::move(thread));
  }
  ++handed_out_;
  return threads_[i];
}

std::vector<std::shared_ptr<IoThread>> IoThreads::started() {
  const MutexLock lock(mutex_);
  return threads_;
}

}  // namespace chorus
