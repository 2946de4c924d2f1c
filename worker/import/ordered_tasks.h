#pragma once
// Threads that work side by side on tasks, and end the tasks in the order in which they were given:
// what they write does not depend on the number of threads. Thread safety: one thread makes all
// calls.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/status.h"

namespace chorus::worker {

class OrderedTasks {
 public:
  // The last part of a task: it runs when the steps of all earlier tasks have run.
  using Step = std::function<Status()>;
  using Task = std::function<Result<Step>()>;

  // name: of the threads; what: who wants them, and what they do, for messages ("writing a block").
  struct Names {
    std::string name, thread, what;
  };

  virtual ~OrderedTasks() = default;  // ends the threads; tasks that wait are given up
  // When the system does not give a thread, Add returns kResourceExhausted.
  static std::unique_ptr<OrderedTasks> Create(uint32_t threads, const Names& names);
  // Waits while many tasks wait. Error: the first one of a task or a step, behind which no step
  // runs; kDeadlineExceeded, a task takes too long (the destructor waits for it nevertheless).
  virtual Status Add(Task task) = 0;
  // Ends the threads when all tasks are done, however long that takes. Error: the first one of a
  // task or a step.
  virtual Status Finish() = 0;
};

}  // namespace chorus::worker
