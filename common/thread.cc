#include "common/thread.h"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <system_error>
#include <utility>

#include "common/log.h"
#include "common/shortage.h"
#include "common/strings.h"
#include "common/trace.h"

namespace chorus {
namespace {

// Nobody waits for what this thread would have done: the process ends, and with it a job.
[[noreturn]] void EndProcess(const std::string& name, const std::exception& error) {
  try {
    LogError(StatusOfException(error).Annotate(StrCat("thread ", name)).ToString());
    std::fflush(nullptr);
  } catch (const std::exception&) {
    constexpr std::string_view kText = "ResourceExhausted: out of memory\n";
    (void)!write(STDERR_FILENO, kText.data(), kText.size());
  }
  std::_Exit(1);
}

void Run(const std::string& name, const std::function<void()>& work) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  try {
    const TraceThread track(name);
    work();
  } catch (const std::exception& error) {
    EndProcess(name, error);
  }
}

}  // namespace

Result<std::thread> StartThread(const std::string& name, std::string_view for_what,
                                std::function<void()> work) {
  try {
    return std::thread([name, work = std::move(work)] { Run(name, work); });
  } catch (const std::system_error& error) {
    return ThreadShortage(for_what, error.code().value());
  } catch (const std::bad_alloc&) {
    return MemoryShortage(for_what);
  }
}

}  // namespace chorus
