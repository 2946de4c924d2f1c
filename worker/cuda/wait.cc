#include "worker/cuda/wait.h"

#include <sched.h>

#include <algorithm>
#include <thread>

#include "common/strings.h"

namespace chorus::worker::cuda {
namespace {

using Seconds = std::chrono::duration<double>;

Result<bool> IsDone(cudaError_t answer, const Place& place) {
  if (answer == cudaSuccess) return true;
  if (answer != cudaErrorNotReady) return StatusOf(answer, place);
  // "Not ready" is an answer, but CUDA also keeps it as the last error: it is taken away here.
  static_cast<void>(cudaGetLastError());
  return false;
}

template <typename Look>
Status WaitUntil(const Look& is_done, const char* what, const Place& place, double deadline_seconds,
                 bool* hangs) {
  const Wait wait(deadline_seconds);
  for (;;) {
    // The question comes before the clock: work that is done when the deadline passes is not late.
    ASSIGN_OR_RETURN(const bool done, is_done());
    if (done) return Status::Ok();
    *hangs = wait.passed();
    if (*hangs) return wait.Hangs(what, place);
    wait.Pause();
  }
}

}  // namespace

Wait::Wait(double deadline_seconds)
    : seconds_(deadline_seconds), begin_(std::chrono::steady_clock::now()) {}

bool Wait::passed() const { return so_far().count() > seconds_; }

void Wait::Pause() const {
  constexpr Seconds kYielding(1e-3), kLongestSleep(1e-3);
  const Seconds waited = so_far();
  if (waited < kYielding) {
    sched_yield();
  } else {
    std::this_thread::sleep_for(std::min(waited / 32, kLongestSleep));
  }
}

Status Wait::Late(const Place& place) const {
  return DeadlineExceeded(StrCat(Describe("no end", place), " within ", seconds_, " s"));
}

Status Wait::Hangs(const char* what, const Place& place) const {
  return Internal(Describe(
      StrCat("this device itself has not finished ", what, " within ", seconds_, " s: it hangs"),
      place));
}

Result<bool> IsDone(cudaEvent_t event) {
  return IsDone(cudaEventQuery(event), {__FILE__, __LINE__, "cudaEventQuery"});
}

Status WaitFor(cudaStream_t stream, const char* what, double deadline_seconds, bool* hangs) {
  const Place place = {__FILE__, __LINE__, "cudaStreamQuery"};
  const auto is_done = [&] { return IsDone(cudaStreamQuery(stream), place); };
  return WaitUntil(is_done, what, place, deadline_seconds, hangs);
}

Status WaitFor(cudaEvent_t event, const char* what, double deadline_seconds, bool* hangs) {
  const Place place = {__FILE__, __LINE__, "cudaEventQuery"};
  return WaitUntil([&] { return IsDone(event); }, what, place, deadline_seconds, hangs);
}

}  // namespace chorus::worker::cuda
