#include "launch/command/scale_words.h"

#include "common/strings.h"

namespace chorus::launch {
namespace {

std::string ListOf(const std::vector<uint32_t>& numbers) {
  std::vector<std::string> texts;
  for (const uint32_t number : numbers) texts.push_back(StrCat(number));
  return Join(texts, ",");
}

// Slurm binds a task of srun to one core, and srun does not know how many cores the job asked for
// per task. 0 threads: the job's configuration says how many.
std::string UsualSrun(uint32_t threads) {
  std::string words = "srun --mpi=pmix --cpu-bind=none";
  if (threads > 0) words += StrCat(" --cpus-per-task=", threads);
  return words;
}

}  // namespace

std::vector<std::string> WordsOf(const ScaleArguments& arguments, const std::string& program) {
  std::vector<std::string> words = {program, "scale"};
  const auto add = [&](const char* option, const std::string& value) {
    if (value.empty()) return;
    words.emplace_back(option);
    words.push_back(value);
  };
  add("--config", arguments.config.config_file);
  for (const std::string& set : arguments.config.sets) add("--set", set);
  add("--output", arguments.output);
  add("--workers", ListOf(arguments.workers));
  add("--servers", ListOf(arguments.servers));
  add("--mode", arguments.mode);
  add("--repeats", StrCat(arguments.repeats));
  add("--steps", StrCat(arguments.steps));
  if (arguments.threads > 0) add("--threads", StrCat(arguments.threads));
  add("--deadline-minutes", StrCat(arguments.deadline_minutes));
  add("--hosts", StrCat(arguments.hosts));
  add("--link-gbit", StrCat(arguments.link_gbit));
  add("--latency-us", StrCat(arguments.latency_us));
  if (arguments.gpus) words.emplace_back("--gpus");
  add("--gpu", arguments.gpu);
  add("--launcher", arguments.launcher.empty() ? UsualSrun(arguments.threads) : arguments.launcher);
  add("--program", arguments.program);
  add("--calibration", arguments.calibration);
  return words;
}

}  // namespace chorus::launch
