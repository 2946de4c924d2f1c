#pragma once
// How long a row of runs still takes, guessed from those that are finished: a method's mean where
// one of its runs is, else the mean of all. Thread safety: none.

#include <cstddef>
#include <map>
#include <string>

namespace chorus::launch {

class TimeLeft {
 public:
  void Plan(const std::string& method) { ++methods_[method].planned; }  // a run to come
  // A run that was finished earlier, and one of those that were to come.
  void Measure(const std::string& method, double seconds);
  void Finish(const std::string& method, double seconds);
  // "45 s", "12 min", "3 h 20 min"; "" while no run is finished or none is left.
  std::string Text() const;

 private:
  struct Method {
    size_t planned = 0;
    size_t finished = 0;
    double seconds = 0;  // of the finished ones
  };
  std::map<std::string, Method> methods_;
};

}  // namespace chorus::launch
