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

// How long a row of runs still takes, guessed from those that are finished: a method's mean where
// one of its runs is, else the mean of all. Thread safety: none.
class TimeLeft {
 public:
  void Plan(const std::string& method) { ++methods_[method].planned; }  // a run to come
  // A run that was finished earlier, and one of those that were to come.
  void Measure(const std::string& method, double seconds);
  void Drop(const std::string& method);  // one of those that were to come has failed
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
