#include "tests/support/cuda_host/block_runner.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "common/check.h"

namespace chorus::cuda_host {

BlockRunner& BlockRunner::OfThisThread() {
  static thread_local BlockRunner runner;
  return runner;
}

void BlockRunner::SetCurrent(uint32_t thread) {
  current_ = thread;
  (*set_thread_)(thread);
}

void BlockRunner::Run(uint32_t threads, size_t shared_bytes, const std::function<void()>& body,
                      const std::function<void(uint32_t thread)>& set_thread) {
  body_ = &body;
  set_thread_ = &set_thread;
  count_ = threads;
  fresh_ = done_ = at_block_barrier_ = 0;
  threads_.assign(threads, Thread());
  const uint32_t warps = (threads + kWarpLanes - 1) / kWarpLanes;
  slots_.assign(warps * kWarpLanes, 0);
  at_warp_barrier_.assign(warps, 0);
  // 16-byte alignment, as on a device; all ones are NaNs, which uninitialised reads then show.
  shared_memory_.assign(shared_bytes / sizeof(uint64_t) + 3, ~uint64_t{0});
  const auto address = reinterpret_cast<uintptr_t>(shared_memory_.data());
  shared_ = reinterpret_cast<void*>((address + 15) & ~uintptr_t{15});
  while (done_ < count_) {
    if (!ready_.empty()) {
      const uint32_t thread = ready_.front();
      ready_.pop_front();
      running_ = threads_[thread].fiber;
      SetCurrent(thread);
    } else if (fresh_ < count_) {
      running_ = TakeFiber();
    } else {
      DieOfDivergence();
    }
    running_->Resume();
  }
}

Fiber* BlockRunner::TakeFiber() {
  if (idle_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>([this] {
      for (;;) {
        RunFreshThreads();
        Fiber* const self = running_;
        idle_.push_back(self);
        self->SwitchBack();
      }
    }));
    return fibers_.back().get();
  }
  Fiber* const fiber = idle_.back();
  idle_.pop_back();
  return fiber;
}

void BlockRunner::RunFreshThreads() {
  while (fresh_ < count_) {
    const uint32_t thread = fresh_++;
    threads_[thread].state = State::kRunning;
    threads_[thread].fiber = running_;
    SetCurrent(thread);
    (*body_)();
    // `current_` again: other threads ran while this one waited.
    threads_[current_].state = State::kDone;
    ++done_;
    ReleaseBlockIfComplete();  // a thread that has ended is not waited for
  }
}

void BlockRunner::Suspend() {
  const uint32_t self = current_;
  threads_[self].fiber->SwitchBack();
  CHECK(current_ == self);
}

void BlockRunner::Release(uint32_t thread) {
  threads_[thread].state = State::kRunning;
  ready_.push_back(thread);
}

void BlockRunner::ReleaseBlockIfComplete() {
  if (at_block_barrier_ == 0 || at_block_barrier_ + done_ < count_) return;
  at_block_barrier_ = 0;
  for (uint32_t t = 0; t < count_; ++t) {
    if (threads_[t].state == State::kAtBlockBarrier) Release(t);
  }
}

void BlockRunner::BlockBarrier() {
  threads_[current_].state = State::kAtBlockBarrier;
  ++at_block_barrier_;
  ReleaseBlockIfComplete();
  Suspend();
}

bool BlockRunner::WarpComplete(uint32_t warp, uint32_t mask) const {
  const uint32_t lanes = std::min(count_ - warp * kWarpLanes, kWarpLanes);
  const uint32_t there = lanes == kWarpLanes ? mask : mask & ((1u << lanes) - 1);
  // Most come before the last one, and need no look at the others.
  if (at_warp_barrier_[warp] < static_cast<uint32_t>(std::popcount(there))) return false;
  for (uint32_t lane = 0; lane < kWarpLanes; ++lane) {
    const uint32_t thread = warp * kWarpLanes + lane;
    if ((mask >> lane & 1) == 0 || thread >= count_) continue;
    const Thread& other = threads_[thread];
    if (other.state != State::kAtWarpBarrier || other.mask != mask) return false;
  }
  return true;
}

void BlockRunner::WarpBarrier(uint32_t mask) {
  CHECK((mask >> lane() & 1) != 0, "lane ", lane(), " is not in its own mask");
  threads_[current_].state = State::kAtWarpBarrier;
  threads_[current_].mask = mask;
  const uint32_t warp = current_ / kWarpLanes;
  ++at_warp_barrier_[warp];
  if (WarpComplete(warp, mask)) {
    for (uint32_t lane = 0; lane < kWarpLanes; ++lane) {
      const uint32_t thread = warp * kWarpLanes + lane;
      if ((mask >> lane & 1) == 0 || thread >= count_) continue;
      --at_warp_barrier_[warp];
      Release(thread);
    }
  }
  Suspend();
}

void BlockRunner::DieOfDivergence() const {
  uint32_t at_block = 0, at_warp = 0;
  for (const Thread& thread : threads_) {
    at_block += thread.state == State::kAtBlockBarrier ? 1 : 0;
    at_warp += thread.state == State::kAtWarpBarrier ? 1 : 0;
  }
  CHECK(false, "divergent barrier: of ", count_, " threads ", done_, " have ended, ", at_block,
        " wait for the block and ", at_warp, " for their warps");
  std::abort();
}

}  // namespace chorus::cuda_host
