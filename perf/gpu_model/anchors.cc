#include "perf/gpu_model/anchors.h"

#include <google/protobuf/text_format.h>

#include "common/check.h"
#include "common/config.h"
#include "common/strings.h"

namespace chorus::perf {
namespace {

constexpr uint32_t kSlots = 26;
// Ids per slot, as TorchRec's example lists them for the terabyte log.
constexpr uint64_t kIds[kSlots] = {45833188, 36746,  17245,    7413,    20243,  3,        7114,
                                   1441,     62,     29275261, 1572176, 345138, 10,       2209,
                                   11267,    128,    4,        974,     14,     48937457, 11316796,
                                   40094537, 452104, 12606,    104,     35};
// Tokens per slot of MLPerf's multi-hot version of the log.
constexpr uint32_t kMultiHot[kSlots] = {3, 2, 1, 2, 6, 1, 1,  1,   1,  7,  3, 8, 1,
                                        6, 9, 5, 1, 1, 1, 12, 100, 27, 10, 3, 1, 1};

uint32_t OneToken(uint32_t) { return 1; }
uint32_t MultiHotTokens(uint32_t slot) { return kMultiHot[slot]; }

// One tower has the layers, the other is a logit on what the first reads: one network's worth.
// DLRM: its dense-feature tower and its dot products become one bottom layer of 128; 2.3 M
// multiply-adds per exposure, where theirs has 2.5 M.
constexpr char kDlrm[] = R"(
  step { grain_rows: 2048 grains_per_step: 1 pull_ahead: 1 }
  table { dim: 128 optimizer { sgd {} } }
  model { shared_bottom { hidden: 128 }
          tower { head: "ctr" hidden: [1024, 1024, 512, 256] } tower {}
          optimizer { sgd {} } }
  objective { esmm {} })";
constexpr char kLargeDlrm[] = R"(
  step { grain_rows: 8192 grains_per_step: 1 pull_ahead: 1 }
  table { dim: 128 optimizer { sgd {} } }
  model { shared_bottom { hidden: 128 }
          tower { head: "ctr" hidden: [1024, 1024, 512, 256] } tower {}
          optimizer { sgd {} } }
  objective { esmm {} })";
// DCNv2: three cross layers of rank 512 over 3456 inputs become three pairs of hidden layers; 15.8
// M multiply-adds per exposure, where theirs has 16.1 M.
constexpr char kDcn[] = R"(
  step { grain_rows: 8192 grains_per_step: 1 pull_ahead: 1 }
  table { dim: 128 optimizer { rowwise_adagrad {} } }
  model { tower { head: "ctr" hidden: [512, 3456, 512, 3456, 512, 3456, 1024, 1024, 512, 256] }
          tower {} optimizer { adagrad {} } }
  objective { esmm {} })";
// DeepFM: the network of DeepCTR's example; the factorization machine has no products.
constexpr char kDeepFm[] = R"(
  step { grain_rows: 4096 grains_per_step: 1 pull_ahead: 1 }
  table { dim: 9 optimizer { adagrad {} } }
  model { tower { head: "ctr" hidden: [256, 128, 64] } tower {} optimizer { adagrad {} } }
  objective { esmm {} })";

constexpr Anchor kAnchors[] = {
    {"torchrec", "DLRM, Criteo 1 TB, 8 A100 40 GB, 2048 exposures a GPU (TorchRec's DLRM example)",
     1.671e6, "A100-40", 8, kDlrm, OneToken},
    {"torchrec-large", "the same, 8192 exposures a GPU", 5.374e6, "A100-40", 8, kLargeDlrm,
     OneToken},
    {"hugectr", "DLRM-DCNv2, multi-hot Criteo 1 TB, 8 H100, 8192 exposures a GPU (MLPerf training)",
     14.7e6, "H100", 8, kDcn, MultiHotTokens},
    {"openembedding",
     "DeepFM of dimension 9, Criteo 1 TB, 8 T4 and one remote server, 4096 exposures a GPU "
     "(OpenEmbedding's benchmark page)",
     692e3, "T4", 8, kDeepFm, OneToken},
};

}  // namespace

std::span<const Anchor> Anchors() { return kAnchors; }

const Anchor* FindAnchor(const std::string& name) {
  for (const Anchor& anchor : kAnchors) {
    if (name == anchor.name) return &anchor;
  }
  return nullptr;
}

RandomLogShape LogShapeOf(const Anchor& anchor) {
  RandomLogShape shape;
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    shape.slots.push_back({kIds[slot], anchor.tokens(slot), false, false});
  }
  shape.numerics = 13;
  return shape;
}

Result<TrainConfig> ConfigOf(const Anchor& anchor, const std::vector<std::string>& sets) {
  TrainConfig config;
  CHECK(google::protobuf::TextFormat::ParseFromString(anchor.config, &config), anchor.name);
  config.mutable_data()->add_log("random.log");
  config.mutable_compute()->mutable_cuda()->set_step_memory_mb(4096);
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    SlotConfig* const one = config.add_slot();
    one->set_name(StrCat("s", slot));
    one->set_pooling(SlotConfig::SUM);
  }
  RETURN_IF_ERROR(ApplySets(sets, &config));
  RETURN_IF_ERROR(FinishTrainConfig(anchor.name, &config));
  return config;
}

}  // namespace chorus::perf
