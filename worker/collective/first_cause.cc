#include "worker/collective/first_cause.h"

#include <algorithm>
#include <vector>

namespace chorus::worker {
namespace {

constexpr char kNoError = 'N';
constexpr char kCause = 'E';
constexpr char kConsequence = 'C';

}  // namespace

Result<std::string> FirstCause(const Status& mine, Collective* workers) {
  const char kind = mine.ok() ? kNoError : IsConsequence(mine.code()) ? kConsequence : kCause;
  ASSIGN_OR_RETURN(const std::vector<std::string> answers,
                   workers->Gather(kind + mine.message(), 0));
  const auto first = [&](char wanted) {
    return std::find_if(answers.begin(), answers.end(),
                        [&](const std::string& answer) { return answer[0] == wanted; });
  };
  auto found = first(kCause);
  if (found == answers.end()) found = first(kConsequence);
  return workers->Broadcast(found == answers.end() ? "" : found->substr(1), 0);
}

}  // namespace chorus::worker
