#include "launch/plan/gpu_text.h"

#include "common/strings.h"
#include "launch/gpu/hardware.h"
#include "launch/plan/gpu_advice.h"
#include "launch/plan/plan_text.h"
#include "launch/report/printed.h"

namespace chorus::launch {
namespace {

std::string TimesText(const google::protobuf::RepeatedPtrField<PlanTime>& times) {
  std::vector<std::string> texts;
  for (const PlanTime& time : times) {
    if (time.seconds() > 0) texts.push_back(StrCat(time.name(), " ", SecondsText(time.seconds())));
  }
  return Join(texts, ", ");
}

double SecondsOfPart(const JobPlan& plan, const std::string& name) {
  for (const PlanTime& part : plan.part()) {
    if (part.name() == name) return part.seconds();
  }
  return 0;
}

std::string StartsText(const PlanGpu& gpu) {
  std::string text = StrCat("starts ", gpu.kernels(), " kernels and ", gpu.products(), " products");
  if (gpu.graphs() > 0)
    text += StrCat(", ", gpu.graphs(), " graphs of ", gpu.nodes(), " nodes in all");
  return text;
}

}  // namespace

std::string GpuText(const PlanGpu& gpu) {
  std::vector<std::string> parts;
  for (const PlanPart& part : gpu.memory()) {
    parts.push_back(StrCat(part.name(), " ", ByteText(static_cast<double>(part.bytes()))));
  }
  std::string out = StrCat("gpu        ", gpu.name(), ", products in ", gpu.precision(), "; ",
                           gpu.source(), "\n");
  out += StrCat("  memory    ", ByteText(gpu.memory_needed()), " of ", ByteText(gpu.memory_bytes()),
                ": ", Join(parts, ", "), "\n");
  out += StrCat("  a step    ", StartsText(gpu), "; ", CountText(gpu.flops()),
                " operations of products; bus: ", ByteText(gpu.bytes_to_device()), " there and ",
                ByteText(gpu.bytes_to_host()), " back in ", gpu.copies(), " copies\n");
  std::vector<std::string> sums;
  if (gpu.sum_bytes_inside() > 0) {
    sums.push_back(ByteText(gpu.sum_bytes_inside()) + " to GPUs of its host");
  }
  if (gpu.sum_bytes_away() > 0) {
    sums.push_back(StrCat("all of a host ", ByteText(gpu.sum_bytes_away()), " to other hosts"));
  }
  if (!sums.empty())
    out += StrCat("  sums      sends of gradients: ", Join(sums, "; "),
                  "; what starts them is assumed, ", SecondsText(gpu::assumed::kSumSeconds),
                  " a bucket, and in no count of starts\n");
  out += StrCat("  on it     ", TimesText(gpu.phase()), "\n");
  return out + StrCat("  compute   ", TimesText(gpu.compute()), "\n");
}

std::string GpuTableText(const std::vector<JobPlan>& plans) {
  std::string out =
      "| GPUs | hosts | servers | exposures a step | step | compute | all-reduce | pull | "
      "exposures/s | efficiency | bottleneck |\n"
      "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n";
  const auto share = [](const JobPlan& plan) {
    return plan.exposures_per_second() / plan.layout().workers();
  };
  for (const JobPlan& plan : plans) {
    const PlanLayout& layout = plan.layout();
    const double first = share(plans.front());
    out += StrCat("| ", layout.workers(), " | ", layout.hosts(), " | ", layout.servers(), " | ",
                  CountText(plan.exposures_per_step()), " | ", SecondsText(plan.step_seconds()),
                  " | ", SecondsText(SecondsOfPart(plan, "compute")), " | ",
                  SecondsText(SecondsOfPart(plan, "all-reduce")), " | ",
                  SecondsText(SecondsOfPart(plan, "pull")), " | ",
                  CountText(plan.exposures_per_second()), " | ",
                  Printed("%.0f %%", first > 0 ? 100 * share(plan) / first : 0.0), " | ",
                  plan.bottleneck(), " |\n");
  }
  const PlanGpu& gpu = plans.front().gpu();
  if (!gpu.runs()) out += StrCat("advice     ", DoesNotRun(gpu.name()), "\n");
  for (const JobPlan& plan : plans) {
    if (plan.gpu().memory_needed() <= plan.gpu().memory_bytes()) continue;
    out += StrCat("advice     ", plan.layout().workers(), " GPUs: ", plan.advice(0), "\n");
  }
  return out;
}

}  // namespace chorus::launch
