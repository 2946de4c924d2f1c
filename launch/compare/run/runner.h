#pragma once
// Trains the runs of comparisons one after another (launch/job/job.h) and leaves DONE in the folder
// of each; runs that are done already are passed over. One that fails leaves FAILED and does not
// keep the others from being trained, unless several workers train it: then the job ends. Thread
// safety: one call per process, from main's thread; under mpirun every rank calls it.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/status.h"
#include "launch/compare/run/plan.h"

namespace chorus::launch {

// Gives the plans; called on the first rank alone.
using PlanSource = std::function<Result<std::vector<ComparePlan>>()>;

// Returns true on the first rank, with all runs done or failed. deadline_seconds: as RunJobs.
Result<bool> TrainRuns(double deadline_seconds, const PlanSource& plans);

// Estimates how long the remaining runs take, from the finished ones: each takes the mean of its
// method, or the mean of all runs where none of its method is finished. Thread safety: none.
class TimeLeft {
 public:
  void Plan(const std::string& method) { ++methods_[method].planned; }  // a run to come
  // Measure counts a run that was finished earlier; Finish counts one of the planned runs.
  void Measure(const std::string& method, double seconds);
  void Drop(const std::string& method);  // one of the planned runs has failed
  void Finish(const std::string& method, double seconds);
  // "45 s", "12 min", "3 h 20 min"; "" while no run is finished or none is left.
  std::string Text() const;

 private:
  struct Method {
    double planned = 0, finished = 0;  // runs
    double seconds = 0;                // of the finished ones
  };
  std::map<std::string, Method> methods_;
};

}  // namespace chorus::launch
