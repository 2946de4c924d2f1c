// A job whose ranks fail as told: supervised_rank GRACE_SECONDS RANK:CODE:SECONDS ... ends rank
// RANK with a status of that number after so many seconds; the other ranks end well, after a
// barrier that never completes if a rank fails.
#include <chrono>
#include <stdexcept>
#include <thread>

#include "common/strings.h"
#include "launch/job/supervisor.h"

namespace chorus::launch {
namespace {

Status Work(MpiWorld& world, int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    const std::vector<std::string> parts = Split(argv[i], ':');
    if (parts.size() != 3 || ParseUint64(parts[0]) != world.all().rank()) continue;
    std::this_thread::sleep_for(std::chrono::duration<double>(ParseDouble(parts[2]).value_or(0)));
    if (parts[1] == "throw") throw std::runtime_error("a library threw");
    return Status(static_cast<Code>(ParseInt64(parts[1]).value_or(10)),
                  StrCat("trouble of rank ", parts[0]));
  }
  return world.all().Barrier();
}

int Main(int argc, char** argv) {
  auto world = MpiWorld::Create(20.0);
  if (!world.ok()) return 3;
  const double grace_seconds = argc > 1 ? ParseDouble(argv[1]).value_or(0) : 0;
  Supervisor supervisor(world->get(), StrCat("worker ", (*world)->all().rank()), grace_seconds);
  supervisor.Run([&] { return Work(**world, argc, argv); });
  return 0;
}

}  // namespace
}  // namespace chorus::launch

int main(int argc, char** argv) { return chorus::launch::Main(argc, argv); }
