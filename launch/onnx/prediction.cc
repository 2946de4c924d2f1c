#include "launch/onnx/prediction.h"

#include <cmath>

#include "common/strings.h"
#include "launch/onnx/operators.h"

namespace chorus::launch {
namespace {

// Logarithms of pCTR and pCVR.
class LogPrediction {
 public:
  LogPrediction(const ObjectiveConfig& objective, const FindLogit& logit, OnnxGraph* graph)
      : objective_(objective), logit_(logit), graph_(*graph) {}

  Result<OnnxValue> Ctr() const { return LogOfHead("ctr"); }
  // ctr: log pCTR.
  Result<OnnxValue> Cvr(const std::string& method, const OnnxValue& ctr) const;

 private:
  OnnxValue Negative(const OnnxValue& x) const { return graph_.Op("Neg", {x}); }
  OnnxValue Softplus(const OnnxValue& x) const { return graph_.Op("Softplus", {x}); }
  OnnxValue Number(double x) const { return graph_.Number(static_cast<float>(x)); }
  // log sigma(z) = -softplus(-z)
  OnnxValue LogSigmoid(const OnnxValue& z) const { return Negative(Softplus(Negative(z))); }
  Result<OnnxValue> LogOfHead(const std::string& head) const {
    ASSIGN_OR_RETURN(const OnnxValue z, logit_(head));
    return LogSigmoid(z);
  }

  Result<OnnxValue> Aman() const;
  Result<OnnxValue> Oversampling() const;
  Result<OnnxValue> Division(const OnnxValue& ctr) const;
  Result<OnnxValue> Ukd() const;

  const ObjectiveConfig& objective_;
  const FindLogit& logit_;
  OnnxGraph& graph_;
};

// pCVR (1 + rho e^-ctr): worker/objective/aman.h.
Result<OnnxValue> LogPrediction::Aman() const {
  const double rho = objective_.aman().rho();
  ASSIGN_OR_RETURN(const OnnxValue cvr, LogOfHead("cvr"));
  if (!objective_.aman().correct() || rho == 0) return cvr;
  ASSIGN_OR_RETURN(const OnnxValue ctr, logit_("ctr"));
  return Add(graph_, cvr, Softplus(Subtract(graph_, Number(std::log(rho)), ctr)));
}

// sigma(cvr - ln copies)
Result<OnnxValue> LogPrediction::Oversampling() const {
  if (!objective_.oversampling().correct()) return LogOfHead("cvr");
  ASSIGN_OR_RETURN(const OnnxValue cvr, logit_("cvr"));
  const double shift = std::log(static_cast<double>(objective_.oversampling().copies()));
  return LogSigmoid(Subtract(graph_, cvr, Number(shift)));
}

// pCTCVR / pCTR
Result<OnnxValue> LogPrediction::Division(const OnnxValue& ctr) const {
  ASSIGN_OR_RETURN(const OnnxValue ctcvr, LogOfHead("ctcvr"));
  const OnnxValue ratio = Subtract(graph_, ctcvr, ctr);
  return objective_.division().cap() ? graph_.Op("Min", {ratio, Number(0)}) : ratio;
}

// log of the mean of p and p2: log p + softplus(log p2 - log p) - log 2.
Result<OnnxValue> LogPrediction::Ukd() const {
  ASSIGN_OR_RETURN(const OnnxValue p, LogOfHead("cvr"));
  if (!objective_.ukd().average_heads()) return p;
  ASSIGN_OR_RETURN(const OnnxValue p2, LogOfHead("cvr2"));
  const OnnxValue sum = Add(graph_, p, Softplus(Subtract(graph_, p2, p)));
  return Subtract(graph_, sum, Number(std::log(2.0)));
}

Result<OnnxValue> LogPrediction::Cvr(const std::string& method, const OnnxValue& ctr) const {
  switch (objective_.method_case()) {
    case ObjectiveConfig::kAman:
      return Aman();
    case ObjectiveConfig::kOversampling:
      return Oversampling();
    case ObjectiveConfig::kDivision:
      return Division(ctr);
    case ObjectiveConfig::kUkd:
      return Ukd();
    case ObjectiveConfig::kBase:
    case ObjectiveConfig::kUnbias:
    case ObjectiveConfig::kEsmmNs:
    case ObjectiveConfig::kEsmm:
    case ObjectiveConfig::kEscm2Ipw:
    case ObjectiveConfig::kEscm2Dr:
    case ObjectiveConfig::kDcmt:
    case ObjectiveConfig::kDdpo:
    case ObjectiveConfig::kNise:
    case ObjectiveConfig::kChorusCvr:
    case ObjectiveConfig::kChorusCvrWoNdm:
    case ObjectiveConfig::kChorusCvrWoSam:
    case ObjectiveConfig::kMultiIpw:
    case ObjectiveConfig::kMultiDr:
    case ObjectiveConfig::kTwoTask:
      return LogOfHead("cvr");
    case ObjectiveConfig::METHOD_NOT_SET:
      break;
  }
  return InvalidArgument(StrCat("how method ", method, " predicts is not known as ONNX; export ",
                                "without --format ONNX, or add it to launch/onnx/prediction.cc"));
}

}  // namespace

Result<OnnxPrediction> AddPrediction(const ObjectiveConfig& objective, const std::string& method,
                                     const FindLogit& logit, OnnxGraph* graph) {
  const LogPrediction logs(objective, logit, graph);
  ASSIGN_OR_RETURN(const OnnxValue ctr, logs.Ctr());
  ASSIGN_OR_RETURN(const OnnxValue cvr, logs.Cvr(method, ctr));
  const auto exponential = [&](const OnnxValue& x) { return graph->Op("Exp", {x}); };
  return OnnxPrediction{exponential(ctr), exponential(cvr), exponential(Add(*graph, ctr, cvr))};
}

}  // namespace chorus::launch
