#pragma once
// The findings of `chorus doctor`: each is one line that says how something is and, where it is
// wrong, what is to be done. Thread safety: values.

#include <string>
#include <vector>

namespace chorus::launch {

struct Finding {
  enum class Kind { kFine, kDoubt, kWrong };
  Kind kind = Kind::kFine;
  std::string topic;   // "cores"
  std::string what;    // "node7: 2 ranks, 8 cores"
  std::string remedy;  // "" where nothing is to be done
};

// "ok     cores      node7: 2 ranks, 8 cores", "doubt  ...: remedy", "WRONG  ...: remedy"
std::string FormatFinding(const Finding& finding);
bool AnyWrong(const std::vector<Finding>& findings);

}  // namespace chorus::launch
