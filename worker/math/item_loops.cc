#include "worker/math/item_loops.h"

#include "worker/math/clones.h"

namespace chorus::worker {
namespace {

// One version of each loop per instruction set; no other function may come between.
#define CHORUS_ITEM_LOOP(Kernel)                              \
  CHORUS_CLONES void Loop(const Kernel& kernel) {             \
    const int64_t rows = kernel.rows(), cols = kernel.cols(); \
    for (int64_t i = 0; i < rows; ++i) {                      \
      CHORUS_INDEPENDENT                                      \
      for (int64_t j = 0; j < cols; ++j) kernel(i, j);        \
    }                                                         \
  }

#define CHORUS_ROW_LOOP(Kernel)                                \
  CHORUS_CLONES void Loop(const Kernel& kernel) {              \
    for (int64_t i = 0; i < kernel.rows(); ++i) kernel.Row(i); \
  }

CHORUS_ITEM_LOOP(MultiplyItems)
CHORUS_ITEM_LOOP(AddScaledItems)
CHORUS_ITEM_LOOP(ScaleRowsItems)
CHORUS_ITEM_LOOP(RowDotItems)
CHORUS_ITEM_LOOP(SoftmaxItems)
CHORUS_ITEM_LOOP(SoftmaxBackwardItems)
CHORUS_ITEM_LOOP(SlotSumItems)
CHORUS_ITEM_LOOP(SlotSumBackwardItems)
CHORUS_ITEM_LOOP(PairDotItems)
CHORUS_ITEM_LOOP(PairDotBackwardItems)
CHORUS_ROW_LOOP(UnfoldItems)
CHORUS_ROW_LOOP(FoldItems)
CHORUS_ROW_LOOP(KeyProductItems)
CHORUS_ROW_LOOP(JoinActivationItems)
CHORUS_ROW_LOOP(AttendItems)
CHORUS_ITEM_LOOP(ScoreGradientItems)
CHORUS_ROW_LOOP(KeyGradientItems)
CHORUS_ROW_LOOP(QueryGradientItems)
CHORUS_ROW_LOOP(SumOfRowItems)
CHORUS_ITEM_LOOP(PointwiseItems)
CHORUS_ITEM_LOOP(PointwiseBackwardItems)
CHORUS_ITEM_LOOP(LeakItems)
CHORUS_ITEM_LOOP(LeakBackwardItems)
CHORUS_ITEM_LOOP(DiceItems)
CHORUS_ITEM_LOOP(DiceBackwardItems)
CHORUS_ITEM_LOOP(RowMomentsItems)
CHORUS_ITEM_LOOP(RowNormalizeItems)
CHORUS_ITEM_LOOP(RowNormalizeBackwardItems)
CHORUS_ITEM_LOOP(SlotMeanItems)
CHORUS_ITEM_LOOP(ScaleSlotsItems)
CHORUS_ITEM_LOOP(SlotDotItems)
CHORUS_ITEM_LOOP(ElementShareItems)
CHORUS_ITEM_LOOP(ElementShareBackwardItems)
CHORUS_ITEM_LOOP(ElementMixItems)
CHORUS_ITEM_LOOP(AddPositionItems)
CHORUS_ITEM_LOOP(PositionGradientItems)
CHORUS_ITEM_LOOP(PoolElementsItems)
CHORUS_ITEM_LOOP(PoolElementsBackwardItems)

#undef CHORUS_ITEM_LOOP
#undef CHORUS_ROW_LOOP

}  // namespace

// "No matching function Loop": its line is missing above.
void RunItems(const ItemKernel& kernel) {
  std::visit([](const auto& items) { Loop(items); }, kernel);
}

}  // namespace chorus::worker
