// The transport between threads of one process. A Transport has a thread, as over TCP: handlers of
// its listeners and callbacks of its channels run there, so that no caller's locks are held and
// nothing recurses, and code that works here works over TCP. Frames pass as they are, and their
// arrays are shared.

#include <map>
#include <utility>

#include "common/io_loop.h"
#include "common/mutex.h"
#include "common/pending_calls.h"
#include "common/strings.h"
#include "common/transport.h"

namespace chorus {
namespace {

// A listener as channels see it.
struct Endpoint {
  std::weak_ptr<IoLoop> loop;
  RequestHandler handler;
  bool open = true;  // the loop's thread only
};

// Endpoints of the process by name.
class Registry {
 public:
  static Registry& Get() {
    static Registry registry;
    return registry;
  }
  std::string Add(std::shared_ptr<Endpoint> endpoint) {
    const MutexLock lock(mutex_);
    std::string name = StrCat("inproc:", next_++);
    endpoints_[name] = std::move(endpoint);
    return name;
  }
  void Remove(const std::string& name) {
    const MutexLock lock(mutex_);
    endpoints_.erase(name);
  }
  std::shared_ptr<Endpoint> Find(const std::string& name) {
    const MutexLock lock(mutex_);
    const auto found = endpoints_.find(name);
    return found == endpoints_.end() ? nullptr : found->second;
  }

 private:
  Mutex mutex_;
  uint64_t next_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::shared_ptr<Endpoint>> endpoints_ GUARDED_BY(mutex_);
};

class InprocListener final : public Listener {
 public:
  InprocListener(std::shared_ptr<IoThread> thread, RequestHandler handler)
      : thread_(std::move(thread)) {
    endpoint_->loop = thread_->loop();
    endpoint_->handler = std::move(handler);
    name_ = Registry::Get().Add(endpoint_);
  }
  ~InprocListener() override {
    Registry::Get().Remove(name_);
    thread_->RunAndWait([this] {
      endpoint_->open = false;
      endpoint_->handler = nullptr;
    });
  }
  std::string endpoint() const override { return name_; }

 private:
  const std::shared_ptr<IoThread> thread_;
  const std::shared_ptr<Endpoint> endpoint_ = std::make_shared<Endpoint>();
  std::string name_;
};

class InprocChannel final : public Channel {
 public:
  InprocChannel(std::shared_ptr<IoThread> thread, const std::string& endpoint,
                const std::string& peer_name)
      : thread_(std::move(thread)),
        name_(endpoint),
        calls_(std::make_shared<PendingCalls>(*thread_->loop(),
                                              StrCat(peer_name, " (", endpoint, ")"),
                                              [] { return "the listener has not answered"; })) {}

  ~InprocChannel() override {
    thread_->RunAndWait([this] {
      calls_->FailAll(Aborted("the channel was closed"));
      calls_.reset();
    });
  }

  void CallAsync(Frame request, double deadline_seconds, ReplyCallback done) override {
    PendingCall call{std::move(request), deadline_seconds, DeadlineAfter(deadline_seconds),
                     std::move(done)};
    thread_->loop()->Post([loop = std::weak_ptr(thread_->loop()), calls = calls_, name = name_,
                           call = std::move(call)]() mutable {
      Frame copy = call.request;
      const uint64_t id = calls->Add(std::move(call));
      Deliver(name, std::move(copy), [loop, weak = std::weak_ptr(calls), id](Result<Frame> reply) {
        const auto live_loop = loop.lock();
        if (!live_loop) return;
        live_loop->Post([weak, id, reply = std::move(reply)]() mutable {
          const auto live = weak.lock();
          if (live) live->Finish(id, std::move(reply));
        });
      });
    });
  }

 private:
  // Names are never used twice, so a listener that is not there will not come back: no retry.
  static void Deliver(const std::string& name, Frame request, ReplyCallback reply) {
    const std::shared_ptr<Endpoint> endpoint = Registry::Get().Find(name);
    const std::shared_ptr<IoLoop> loop = endpoint ? endpoint->loop.lock() : nullptr;
    if (!loop) return reply(Unavailable(StrCat("nobody listens at ", name, " in this process")));
    loop->Post([endpoint, request = std::move(request), reply = std::move(reply)]() mutable {
      if (!endpoint->open) return reply(Unavailable("the listener was closed"));
      HandleRequest(endpoint->handler, std::move(request),
                    [reply](Frame frame) { reply(std::move(frame)); });
    });
  }

  const std::shared_ptr<IoThread> thread_;
  const std::string name_;
  std::shared_ptr<PendingCalls> calls_;
};

class InprocTransport final : public Transport {
 public:
  explicit InprocTransport(const TransportOptions& options) : threads_(1, options.new_loop) {}
  Result<std::unique_ptr<Listener>> Listen(RequestHandler handler) override {
    ASSIGN_OR_RETURN(std::shared_ptr<IoThread> thread, threads_.Next());
    return std::unique_ptr<Listener>(
        std::make_unique<InprocListener>(std::move(thread), std::move(handler)));
  }
  Result<std::unique_ptr<Channel>> Connect(const std::string& endpoint,
                                           const std::string& peer_name) override {
    ASSIGN_OR_RETURN(std::shared_ptr<IoThread> thread, threads_.Next());
    return std::unique_ptr<Channel>(
        std::make_unique<InprocChannel>(std::move(thread), endpoint, peer_name));
  }

 private:
  IoThreads threads_;
};

}  // namespace

std::unique_ptr<Transport> NewInprocTransport(const TransportOptions& options) {
  return std::make_unique<InprocTransport>(options);
}

}  // namespace chorus
