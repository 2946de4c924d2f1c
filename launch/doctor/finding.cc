#include "launch/doctor/finding.h"

#include <algorithm>

#include "common/strings.h"

namespace chorus::launch {
namespace {

std::string Padded(std::string text, size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

}  // namespace

std::string FormatFinding(const Finding& finding) {
  const char* const kind = finding.kind == Finding::Kind::kFine    ? "ok"
                           : finding.kind == Finding::Kind::kDoubt ? "doubt"
                                                                   : "WRONG";
  return StrCat(Padded(kind, 7), Padded(finding.topic, 11), finding.what,
                finding.remedy.empty() ? "" : ": ", finding.remedy);
}

bool AnyWrong(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.kind == Finding::Kind::kWrong; });
}

}  // namespace chorus::launch
