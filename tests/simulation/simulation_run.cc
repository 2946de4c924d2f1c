// Runs jobs on a simulated cluster, one per seed, and judges what they leave: README.md.
//
//   simulation_run --seed S [--trace] [--twice]
//   simulation_run --seeds FROM-TO [--all-faults] [--twice] [--until-failure]
//
// --mutant NAME wakes a mistake of mutants.py, in a program that has it.

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "common/log.h"
#include "tests/simulation/verdict.h"

namespace chorus::simulation {
namespace {

// That a seed may take of a core, and of the clock on the wall.
constexpr rlim_t kCoreSeconds = 30;
constexpr unsigned kWallSeconds = 600;

struct Options {
  uint64_t from = 1, to = 0;
  bool trace = false;
  bool twice = false;       // each seed is to do the same again
  bool all_faults = false;  // each kind is to happen
  bool until_failure = false;
  std::string mutant;
};

int Usage() {
  std::fprintf(stderr,
               "simulation_run --seed S [--trace] [--twice]\n"
               "simulation_run --seeds FROM-TO [--all-faults] [--twice] [--until-failure]\n");
  return 2;
}

bool ParseOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    char* end = nullptr;
    if (flag == "--seed" && i + 1 < argc) {
      options->from = options->to = std::strtoull(argv[++i], &end, 10);
    } else if (flag == "--seeds" && i + 1 < argc) {
      options->from = std::strtoull(argv[++i], &end, 10);
      if (*end != '-') return false;
      options->to = std::strtoull(end + 1, &end, 10);
    } else if (flag == "--mutant" && i + 1 < argc) {
      options->mutant = argv[++i];
    } else if (flag == "--trace") {
      options->trace = true;
    } else if (flag == "--twice") {
      options->twice = true;
    } else if (flag == "--all-faults") {
      options->all_faults = true;
    } else if (flag == "--until-failure") {
      options->until_failure = true;
    } else {
      return false;
    }
    if (end != nullptr && *end != '\0') return false;
  }
  return options->to >= options->from;
}

class Simulation {
 public:
  explicit Simulation(const Options& options) : options_(options), logs_(MakeLogs()) {
    SetLogLevel(LogLevel::kError);
    for (uint32_t job = 0; job < kJobs; ++job) references_.push_back(ReferenceOf(job, logs_));
    // The undisturbed runs are those of the program as it is meant.
    if (!options.mutant.empty()) setenv("CHORUS_MUTANT", options.mutant.c_str(), 1);
    void* const memory =
        mmap(nullptr, sizeof(Verdict), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    verdict_ = static_cast<Verdict*>(memory);
  }

  int Run() {
    uint64_t seed = options_.from;
    for (; seed <= options_.to; ++seed) {
      const bool well = RunSeed(seed);
      if (!well) ++failed_;
      if (!well && options_.until_failure) break;
      if ((seed - options_.from + 1) % 100 == 0 && options_.to > options_.from) Tell(seed);
    }
    if (options_.to > options_.from) PrintSummary();
    return failed_ > 0 || !AllFaultsHappened() ? 1 : 0;
  }

 private:
  // In a process of its own: threads that stand still end with it, and a crash is its own.
  bool RunSeed(uint64_t seed) {
    Judge(seed, options_.trace);
    if (!verdict_->ended) {
      if (!options_.trace) Judge(seed, true);  // shows how it came to that
      std::printf("\nseed %llu: %s\n", static_cast<unsigned long long>(seed), end_.c_str());
      return false;
    }
    if (verdict_->failed) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), verdict_->why);
      return false;
    }
    Add(*verdict_);
    if (!options_.twice) return true;
    const uint64_t first = verdict_->fingerprint;
    Judge(seed, false);
    if (verdict_->ended && verdict_->fingerprint == first) return true;
    std::printf("seed %llu: does not do the same again\n", static_cast<unsigned long long>(seed));
    return false;
  }

  void Judge(uint64_t seed, bool live) {
    *verdict_ = Verdict();
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) std::abort();
    if (child == 0) {
      cpu_set_t here;  // threads that take turns are quickest on one core
      CPU_ZERO(&here);
      CPU_SET(static_cast<size_t>(sched_getcpu()), &here);
      sched_setaffinity(0, sizeof(here), &here);
      const rlimit core{kCoreSeconds, kCoreSeconds};
      setrlimit(RLIMIT_CPU, &core);
      alarm(kWallSeconds);
      if (live) setvbuf(stdout, nullptr, _IOLBF, 0);
      if (!live) dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
      JudgeSeed(seed, logs_, references_, live, verdict_);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    end_ = WIFSIGNALED(status) ? StrCat("the process ended by signal ", WTERMSIG(status), " (",
                                        strsignal(WTERMSIG(status)), ")")
                               : StrCat("the process ended with code ", WEXITSTATUS(status));
  }

  void Add(const Verdict& verdict) {
    ++seeds_;
    for (size_t i = 0; i < kFaults; ++i) faults_[i] += verdict.faults[i];
    for (size_t i = 0; i < kCodes; ++i) ends_[i] += verdict.run_ends[i];
    runs_ += verdict.runs;
    events_ += verdict.events;
    switches_ += verdict.switches;
    simulated_seconds_ += verdict.simulated_seconds;
  }

  double RealSeconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

  void Tell(uint64_t seed) const {
    std::printf("seed %llu, %llu failed, %.1f s\n", static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(failed_), RealSeconds());
    std::fflush(stdout);
  }

  void PrintSummary() const {
    const auto count = [](uint64_t n) { return static_cast<unsigned long long>(n); };
    std::printf(
        "%llu seeds passed, %llu failed, %.1f s: %llu runs, %llu events, %llu changes of "
        "thread, %.0f simulated hours\n",
        count(seeds_), count(failed_), RealSeconds(), count(runs_), count(events_),
        count(switches_), simulated_seconds_ / 3600);
    for (size_t i = 0; i < kFaults; ++i) {
      std::printf("  %-24s %llu\n", std::string(NameOf(static_cast<Fault>(i))).c_str(),
                  count(faults_[i]));
    }
    for (size_t i = 0; i < kCodes; ++i) {
      if (ends_[i] == 0) continue;
      std::printf("  runs that ended %-18s %llu\n",
                  i == 0 ? "well" : std::string(CodeName(static_cast<Code>(i))).c_str(),
                  count(ends_[i]));
    }
  }

  bool AllFaultsHappened() const {
    if (!options_.all_faults) return true;
    bool all = true;
    for (size_t i = 0; i < kFaults; ++i) {
      if (faults_[i] > 0) continue;
      std::printf("never happened: %s\n", std::string(NameOf(static_cast<Fault>(i))).c_str());
      all = false;
    }
    return all;
  }

  const Options options_;
  const Logs logs_;
  std::vector<Reference> references_;
  Verdict* verdict_ = nullptr;  // shared with the processes of seeds
  std::string end_;             // how the last of these ended
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  uint64_t seeds_ = 0, failed_ = 0, runs_ = 0, events_ = 0, switches_ = 0;
  double simulated_seconds_ = 0;
  std::array<uint64_t, kFaults> faults_{};
  std::array<uint64_t, kCodes> ends_{};
};

}  // namespace
}  // namespace chorus::simulation

int main(int argc, char** argv) {
  chorus::simulation::Options options;
  if (!chorus::simulation::ParseOptions(argc, argv, &options)) {
    return chorus::simulation::Usage();
  }
  return chorus::simulation::Simulation(options).Run();
}
