#include "common/strings.h"
#include "worker/objective/methods.h"
#include "worker/objective/objective.h"

namespace chorus::worker {

Result<std::unique_ptr<Objective>> MakeObjective(const ObjectiveConfig& config, uint64_t seed) {
  switch (config.method_case()) {
    case ObjectiveConfig::kBase:
      return MakeBase(config.base());
    case ObjectiveConfig::kAman:
      return MakeAman(config.aman(), seed);
    case ObjectiveConfig::kOversampling:
      return MakeOversampling(config.oversampling());
    case ObjectiveConfig::kUnbias:
      return MakeUnbias(config.unbias(), seed);
    case ObjectiveConfig::kDivision:
      return MakeDivision(config.division());
    case ObjectiveConfig::kEsmmNs:
      return MakeEsmmNs(config.esmm_ns());
    case ObjectiveConfig::kEsmm:
      return MakeEsmm(config.esmm());
    case ObjectiveConfig::kEscm2Ipw:
      return MakeEscm2Ipw(config.escm2_ipw());
    case ObjectiveConfig::kEscm2Dr:
      return MakeEscm2Dr(config.escm2_dr());
    case ObjectiveConfig::kUkd:
      return MakeUkd(config.ukd(), seed);
    case ObjectiveConfig::kDcmt:
      return MakeDcmt(config.dcmt());
    case ObjectiveConfig::kDdpo:
      return MakeDdpo(config.ddpo());
    case ObjectiveConfig::kNise:
      return MakeNise(config.nise());
    case ObjectiveConfig::kChorusCvr:
      return MakeChorusCvr(config.chorus_cvr());
    case ObjectiveConfig::kChorusCvrWoNdm:
      return MakeChorusCvrWithoutNdm(config.chorus_cvr_wo_ndm());
    case ObjectiveConfig::kChorusCvrWoSam:
      return MakeChorusCvrWithoutSam(config.chorus_cvr_wo_sam());
    case ObjectiveConfig::kMultiIpw:
      return MakeMultiIpw(config.multi_ipw());
    case ObjectiveConfig::kMultiDr:
      return MakeMultiDr(config.multi_dr());
    case ObjectiveConfig::kTwoTask:
      return MakeTwoTask(config.two_task());
    case ObjectiveConfig::METHOD_NOT_SET:
      break;
  }
  return InvalidArgument(
      StrCat("objective: no method chosen; allowed: ", Join(ObjectiveNames(), ", ")));
}

// The alternatives of the config's oneof in capitals. They are read from the descriptor, so that no
// method can be configurable and missing here.
std::vector<std::string> ObjectiveNames() {
  std::vector<std::string> names;
  const auto* methods = ObjectiveConfig::descriptor()->FindOneofByName("method");
  for (int i = 0; i < methods->field_count(); ++i) {
    std::string name = methods->field(i)->name();
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace chorus::worker
