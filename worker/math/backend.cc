#include "worker/math/backend.h"

#include "common/check.h"

namespace chorus::worker {

Status Backend::Product(const GemmOptions& options, std::span<const GemmTerm> terms,
                        const Target& c) {
  for (size_t i = 0; i < terms.size(); ++i) {
    CHECK(!terms[i].a.tiles && !terms[i].b.tiles && !c.tiles, "tiles");
    GemmOptions of_term = options;
    of_term.accumulate = options.accumulate || i > 0;
    of_term.relu = options.relu && i + 1 == terms.size();
    if (i > 0) of_term.bias = nullptr;
    RETURN_IF_ERROR(Gemm(of_term, terms[i].a.floats, terms[i].b.floats, c.floats));
  }
  return Status::Ok();
}

void Backend::DotTileRows(TileView<const Bf16>, const float*, const float*, MatrixView<float>) {
  CHECK(false, "tiles");
}
void Backend::DotTileRowsBackward(TileView<const Bf16>, const float*, MatrixView<const float>,
                                  float*, TileView<Bf16>, float) {
  CHECK(false, "tiles");
}
void Backend::SumTileRowsByIndex(TileView<const Bf16>, const RowIndex&, MatrixView<float>) {
  CHECK(false, "tiles");
}
void Backend::RoundToTiles(MatrixView<const float>, int64_t, TileView<Bf16>) {
  CHECK(false, "tiles");
}

}  // namespace chorus::worker
