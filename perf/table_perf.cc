// What does a table add to the cost of the memory that it is in? Look-up and copy of rows
// (dimension 18, Adagrad), and their update, by random keys, on one thread; against the same bytes
// gathered and rewritten by random index in plain memory of the same stride and pages, in the same
// run. README.md gives the columns.
//   table_perf [rows ...]          default 100000 1000000 5000000 20000000

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/aligned_memory.h"
#include "common/check.h"
#include "common/config.h"
#include "common/key.h"
#include "common/random.h"
#include "common/strings.h"
#include "perf/support/build_info.h"
#include "perf/support/timing.h"
#include "ps/row_updater.h"
#include "ps/table.h"

namespace chorus::ps {
namespace {

constexpr uint32_t kDim = 18;
constexpr size_t kBatchKeys = 48000;  // as many unique keys as a step of step_perf asks for
constexpr size_t kAhead = 16;
constexpr int kBatches = 24;

Key KeyOf(uint64_t id) { return MakeKey(0x1234, id); }

// Plain memory with the table's stride, on huge pages where the kernel gives them.
class PlainRows {
 public:
  PlainRows(uint64_t rows, uint32_t stride_bytes) : stride_(stride_bytes) {
    const uint64_t bytes = rows * stride_;
    memory_.reset(static_cast<std::byte*>(AllocateAligned(bytes)));
    CHECK(memory_ != nullptr, "bytes=", bytes);
    std::memset(memory_.get(), 0, bytes);
  }
  float* weights(uint64_t row) const {
    return reinterpret_cast<float*>(memory_.get() + row * stride_ + sizeof(RowHeader));
  }
  void Prefetch(uint64_t row) const {
    PrefetchRow(reinterpret_cast<const RowHeader*>(memory_.get() + row * stride_), stride_);
  }

 private:
  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  const uint64_t stride_;
  std::unique_ptr<std::byte, Free> memory_;
};

struct Rates {  // rows per second
  std::vector<double> table, plain;
  double median_table() { return Median(&table); }
  double median_plain() { return Median(&plain); }

 private:
  static double Median(std::vector<double>* values) {
    std::sort(values->begin(), values->end());
    return (*values)[values->size() / 2];
  }
};

template <typename Work>
double RowsPerSecond(const Work& work) {
  const double begin = perf::Seconds();
  work();
  return kBatchKeys / (perf::Seconds() - begin);
}

// The rows of one batch.
std::vector<uint64_t> DrawIds(uint64_t rows, int batch) {
  std::vector<uint64_t> ids;
  for (size_t i = 0; i < kBatchKeys; ++i) {
    ids.push_back(Random(1, RandomPurpose::kTest, batch, i) % rows);
  }
  return ids;
}

void Measure(uint64_t rows) {
  TrainConfig config;
  TableConfig* const table_config = config.add_table();
  table_config->set_dim(kDim);
  table_config->mutable_optimizer()->mutable_adagrad()->set_lr(0.02);
  const Status finished = FinishTrainConfig("table_perf", &config);
  CHECK(finished.ok(), finished.message());
  const TableType type(1, TablesOf(config, {""})[0]);
  MemoryBudget budget(0);
  Table table(&type, &budget);
  RowUpdater updater(&type);
  updater.BeginStep(1, 1.0f);
  std::vector<Key> keys(kBatchKeys);
  std::vector<uint32_t> found(kBatchKeys);
  for (uint64_t id = 0; id < rows; id += kBatchKeys) {
    const size_t n = std::min<uint64_t>(kBatchKeys, rows - id);
    for (size_t i = 0; i < n; ++i) keys[i] = KeyOf(id + i);
    CHECK(table.LookUp(std::span(keys).first(n), found.data(), nullptr).ok());
  }
  CHECK(table.size() == rows, "size=", table.size());
  const uint32_t stride = type.layout.stride_bytes();
  const PlainRows plain(rows, stride);

  std::vector<float> out(kBatchKeys * kDim);
  const std::vector<float> gradients(kBatchKeys * kDim, 1e-3f);
  Rates look_up, update;
  for (int batch = 0; batch < kBatches; ++batch) {
    const std::vector<uint64_t> ids = DrawIds(rows, batch);
    for (size_t i = 0; i < kBatchKeys; ++i) keys[i] = KeyOf(ids[i]);
    look_up.table.push_back(
        RowsPerSecond([&] { CHECK(table.LookUp(keys, found.data(), out.data()).ok()); }));
    for (size_t i = 0; i < kBatchKeys; ++i) CHECK(table.row(found[i])->key == keys[i], "i=", i);
    // Rows other than those just looked up are as cold in the cache as a step's rows are by then.
    const std::vector<uint64_t> others = DrawIds(rows, batch + kBatches);
    for (size_t i = 0; i < kBatchKeys; ++i) keys[i] = KeyOf(others[i]);
    look_up.plain.push_back(RowsPerSecond([&] {
      for (size_t i = 0; i < kBatchKeys; ++i) {
        if (i + kAhead < kBatchKeys) plain.Prefetch(ids[i + kAhead]);
        std::memcpy(&out[i * kDim], plain.weights(ids[i]), kDim * sizeof(float));
      }
    }));
    update.table.push_back(RowsPerSecond([&] {
      for (size_t i = 0; i < kBatchKeys; ++i) {
        if (i + kAhead < kBatchKeys) PrefetchRow(table.row(found[i + kAhead]), stride);
        CHECK(updater.Apply(table.row(found[i]), &gradients[i * kDim]));
      }
    }));
    update.plain.push_back(RowsPerSecond([&] {
      for (size_t i = 0; i < kBatchKeys; ++i) {
        if (i + kAhead < kBatchKeys) plain.Prefetch(others[i + kAhead]);
        float* const row = plain.weights(others[i]);
        for (uint32_t j = 0; j < 2 * kDim; ++j) row[j] += 1.0f;
      }
    }));
  }
  const double look = look_up.median_table(), gather = look_up.median_plain();
  const double apply = update.median_table(), rewrite = update.median_plain();
  std::printf("%10lu %8u %12.2f %12.2f %7.2f %12.2f %12.2f %7.2f\n",
              static_cast<unsigned long>(rows), stride, look * 1e-6, gather * 1e-6, look / gather,
              apply * 1e-6, rewrite * 1e-6, apply / rewrite);
  std::printf(
      "{\"bench\":\"table_perf\",\"rows\":%lu,\"look_up_per_s\":%.0f,\"gather_per_s\":%.0f,"
      "\"update_per_s\":%.0f,\"rewrite_per_s\":%.0f,%s}\n",
      static_cast<unsigned long>(rows), look, gather, apply, rewrite,
      perf::BuildInfoJson().c_str());
  std::fflush(stdout);
}

int Main(const std::vector<std::string>& arguments) {
  std::vector<uint64_t> sizes = {100000, 1000000, 5000000, 20000000};
  if (!arguments.empty()) sizes.clear();
  for (const std::string& argument : arguments) {
    const int64_t rows = ParseInt64(argument).value_or(0);
    if (rows < static_cast<int64_t>(kBatchKeys)) {
      std::fprintf(stderr, "table_perf: %s: a number of rows, at least %zu\n", argument.c_str(),
                   kBatchKeys);
      return 1;
    }
    sizes.push_back(static_cast<uint64_t>(rows));
  }
  std::printf("%10s %8s %12s %12s %7s %12s %12s %7s\n", "rows", "stride B", "look-up M/s",
              "gather M/s", "ratio", "update M/s", "rewrite M/s", "ratio");
  for (const uint64_t rows : sizes) Measure(rows);
  return 0;
}

}  // namespace
}  // namespace chorus::ps

int main(int argc, char** argv) { return chorus::ps::Main({argv + 1, argv + argc}); }
