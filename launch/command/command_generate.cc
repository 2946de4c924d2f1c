// chorus generate: a synthetic world's log, its oracle file and, when asked, its potential labels.

#include <cstdio>
#include <string>

#include "common/config.h"
#include "common/cores.h"
#include "common/file.h"
#include "common/progress.h"
#include "launch/command/commands.h"
#include "worker/synthetic/ali_ccp_log.h"
#include "worker/synthetic/generate_log.h"

namespace chorus::launch {
namespace {

double Ratio(uint64_t top, uint64_t bottom) {
  return bottom == 0 ? 0 : static_cast<double>(top) / static_cast<double>(bottom);
}

void PrintSummary(const worker::World& world, const worker::GenerateSummary& summary) {
  const worker::Calibration& c = world.calibration();
  printf("exposures        %llu in %llu contexts\n", static_cast<unsigned long long>(summary.rows),
         static_cast<unsigned long long>(summary.contexts));
  printf("clicks           %llu (CTR %.5f)\n", static_cast<unsigned long long>(summary.clicks),
         Ratio(summary.clicks, summary.rows));
  printf("conversions      %llu (CVR of clicks %.5f)\n",
         static_cast<unsigned long long>(summary.conversions),
         Ratio(summary.conversions, summary.clicks));
  printf("P(conversion | do(click)), mean  D %.6f  O %.6f  N %.6f\n", summary.all.mean_p_conv_do,
         summary.clicked.mean_p_conv_do, summary.unclicked.mean_p_conv_do);
  printf("alpha_c %.6f  alpha_v %.6f\n", c.alpha_c, c.alpha_v);
  for (const std::string& file : summary.files) printf("wrote %s\n", file.c_str());
}

Result<worker::GenerateSummary> Generate(const worker::World& world,
                                         const worker::GenerateOptions& options, bool raw) {
  FileSystem& files = PosixFiles();
  if (world.config().shape() == GenerateConfig::ALI_CCP) {
    if (options.potential_labels) {
      return InvalidArgument("--potential-labels: shape ALI_CCP has none, SMALL has");
    }
    return raw ? worker::GenerateAliCcpText(files, world, options)
               : worker::GenerateAliCcpLog(files, world, options);
  }
  if (raw) return InvalidArgument("--raw: shape SMALL has no text of its own, ALI_CCP has");
  return worker::GenerateLog(files, world, options);
}

}  // namespace

Status RunGenerate(const GenerateArguments& arguments) {
  if (arguments.output.empty()) return InvalidArgument("generate: no output directory was given");
  GenerateConfig config;
  RETURN_IF_ERROR(LoadConfig(arguments.config_file, arguments.sets, &config));
  const uint32_t threads = ThreadsOrCores(arguments.threads);
  ProgressLine progress;
  progress.Show("drawing the calibration sample");
  const worker::World world = worker::World::Make(config, threads);
  worker::GenerateOptions options;
  options.directory = arguments.output;
  options.potential_labels = arguments.potential_labels;
  options.threads = threads;
  options.progress = [&](uint64_t done) {
    progress.ShowDone("generating", done, config.exposures(), "exposures");
  };
  ASSIGN_OR_RETURN(const worker::GenerateSummary summary, Generate(world, options, arguments.raw));
  progress.Clear();
  PrintSummary(world, summary);
  return Status::Ok();
}

}  // namespace chorus::launch
