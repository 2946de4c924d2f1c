// How fast is the tree sum of dense gradients? Against MPI_Allreduce of the same floats (which adds
// in an order of its own choice, so its bits change with the ranks) and against memcpy. Run: mpirun
// -n 2 ... allreduce_perf
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <vector>

#include "common/tree.h"
#include "worker/collective/collective.h"

namespace chorus::worker {
namespace {

constexpr uint32_t kGrains = 8;
constexpr int kRepetitions = 21;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Timing {
  double median;
  double best;
};

// Seconds of `work`, started on all ranks at once; two runs warm up.
Timing Measure(const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = -2; i < kRepetitions; ++i) {
    MPI_Barrier(MPI_COMM_WORLD);
    const double start = Now();
    work();
    if (i >= 0) seconds.push_back(Now() - start);
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds.front()};
}

// Fills what this rank's nodes sum to: grain g contributes g + 1 + i % 3, exact in a float.
std::vector<float> NodeSums(const std::vector<TreeNode>& nodes, size_t n) {
  std::vector<float> sums(nodes.size() * n);
  for (size_t k = 0; k < nodes.size(); ++k) {
    for (size_t i = 0; i < n; ++i) {
      for (uint32_t g = nodes[k].begin; g < nodes[k].end(); ++g) {
        sums[k * n + i] += static_cast<float>(g + 1 + i % 3);
      }
    }
  }
  return sums;
}

bool SumIsRight(const std::vector<float>& out) {
  for (size_t i = 0; i < out.size(); ++i) {
    const double all = kGrains * (kGrains + 1) / 2.0 + static_cast<double>(kGrains * (i % 3));
    if (out[i] != static_cast<float>(all)) return false;
  }
  return true;
}

bool MeasureSize(Collective& collective, size_t n) {
  const GrainRange range = GrainsOfWorker(collective.rank(), collective.size(), kGrains);
  TreeTerms terms;
  terms.nodes = MaximalNodes(range);
  const std::vector<float> sums = NodeSums(terms.nodes, n);
  terms.floats = {sums.data(), static_cast<int64_t>(terms.nodes.size()), static_cast<int64_t>(n)};
  std::vector<float> out(n);
  bool right = true;
  const Timing tree = Measure([&] {
    right = right && collective.BeginTreeSum(terms, kGrains, out, {}).ok() &&
            collective.FinishTreeSum().ok();
  });
  right = right && SumIsRight(out);
  std::vector<float> mine(n, 1);
  const Timing mpi = Measure([&] {
    MPI_Allreduce(mine.data(), out.data(), static_cast<int>(n), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
  });
  const Timing copy = Measure([&] { std::memcpy(out.data(), mine.data(), n * sizeof(float)); });
  if (collective.rank() == 0) {
    const double bytes = static_cast<double>(n * sizeof(float));
    std::printf("%10.0f %10.1f %10.1f %10.1f %10.1f %10.2f %10.2f %10.2f  %s\n", bytes,
                tree.median * 1e6, tree.best * 1e6, mpi.median * 1e6, mpi.best * 1e6,
                bytes / tree.median * 1e-9, bytes / mpi.median * 1e-9, bytes / copy.median * 1e-9,
                right ? "right" : "WRONG");
  }
  return right;
}

int Main() {
  MPI_Comm world = MPI_COMM_WORLD;
  const auto collective = NewMpiCollective(&world, 60);
  if (collective->rank() == 0) {
    std::printf("%u ranks, %u grains\n%10s %10s %10s %10s %10s %10s %10s %10s\n",
                collective->size(), kGrains, "bytes", "tree us", "best us", "mpi us", "best us",
                "tree GB/s", "mpi GB/s", "copy GB/s");
  }
  bool right = true;
  for (const size_t n : {16u, 1024u, 16384u, 290000u, 1048576u, 4194304u}) {
    right = MeasureSize(*collective, n) && right;
  }
  return right ? 0 : 1;
}

}  // namespace
}  // namespace chorus::worker

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  const int failed = chorus::worker::Main();
  MPI_Finalize();
  return failed;
}
