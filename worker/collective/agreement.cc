#include "worker/collective/agreement.h"

#include <vector>

#include "common/node_name.h"
#include "common/strings.h"

namespace chorus::worker {
namespace {

// Between a machine's name and what its worker sees.
constexpr char kSeparator = '\n';

std::string NodeOf(const std::string& answer) { return answer.substr(0, answer.find(kSeparator)); }
std::string SeenOf(const std::string& answer) { return answer.substr(answer.find(kSeparator) + 1); }

// "" when all answers are alike.
std::string Difference(const std::string& what, const std::vector<std::string>& answers) {
  for (size_t worker = 1; worker < answers.size(); ++worker) {
    if (SeenOf(answers[worker]) == SeenOf(answers[0])) continue;
    return StrCat("workers differ in ", what, ": worker ", worker, " on ", NodeOf(answers[worker]),
                  " has ", SeenOf(answers[worker]), ", worker 0 on ", NodeOf(answers[0]), " has ",
                  SeenOf(answers[0]));
  }
  return "";
}

}  // namespace

Status CheckAgreement(const std::string& what, const std::string& seen, Collective* workers) {
  ASSIGN_OR_RETURN(const std::vector<std::string> answers,
                   workers->Gather(StrCat(NodeName(), std::string(1, kSeparator), seen), 0));
  ASSIGN_OR_RETURN(const std::string difference,
                   workers->Broadcast(answers.empty() ? "" : Difference(what, answers), 0));
  return difference.empty() ? Status::Ok() : FailedPrecondition(difference);
}

}  // namespace chorus::worker
