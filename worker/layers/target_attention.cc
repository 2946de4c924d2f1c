#include "worker/layers/target_attention.h"

namespace chorus::worker {
namespace {

// Scratch matrices. Those "of rows" have a row per row of the output, those "of elements" one per
// element of each sequence, those "of row elements" one per element that each row reads.
enum ScratchMatrix : size_t {
  kKeys,              // of elements, [width]
  kKeyProducts,       // of elements, [hidden]: W_k k; then its gradient
  kQueries,           // of rows, [width]
  kQueryProducts,     // of rows, [hidden]: W_q q + b; then its gradient
  kProducts,          // of row elements, [width]: k * q
  kHidden,            // of row elements, [hidden]
  kScores,            // of row elements, [1]
  kScoreGradients,    // of row elements, [1]
  kHiddenGradients,   // of row elements, [hidden]
  kProductGradients,  // of row elements, [width]; then those of keys, as each row reads them
  kKeyGradients,      // of elements, [width]
  kQueryGradients,    // of rows, [width]
  kMatrices,
};

// A matrix of elements as one with a row per sequence. Between its columns are those that pad a row
// of the former.
MatrixView<float> RowsOfSequences(MatrixView<float> elements, int64_t length) {
  const int64_t width = elements.stride * length;
  return {elements.data, elements.rows / length, width, width};
}

}  // namespace

struct TargetAttention::Matrices {
  Elements elements;     // keys are k
  Elements of_products;  // keys are W_k k
  MatrixView<float> keys, key_products, queries, query_products, products, hidden, scores,
      score_gradients, hidden_gradients, product_gradients, key_gradients, query_gradients;
};

std::vector<ScratchShape> TargetAttention::scratch() const {
  const int64_t width = shape_.width(), times = shape_.length, hidden = shape_.hidden;
  std::vector<ScratchShape> shapes(kMatrices);
  for (const size_t m : {kKeys, kProducts, kProductGradients, kKeyGradients}) {
    shapes[m] = {.cols = width, .times = times};
  }
  for (const size_t m : {kKeyProducts, kHidden, kHiddenGradients}) {
    shapes[m] = {.cols = hidden, .times = times};
  }
  shapes[kScores] = shapes[kScoreGradients] = {.cols = 1, .times = times};
  shapes[kQueries] = shapes[kQueryGradients] = {.cols = width};
  shapes[kQueryProducts] = {.cols = hidden};
  return shapes;
}

RowCost TargetAttention::cost() const {
  const auto length = static_cast<double>(shape_.length);
  const auto width = static_cast<double>(shape_.width());
  const auto hidden = static_cast<double>(shape_.hidden);
  RowCost cost;
  const double of_keys = 2 * length * width * hidden;
  (shape_.sequences == Side::kContext ? cost.context : cost.exposure) += of_keys;
  cost.exposure += length * (2 * width * hidden + 3 * width + 4 * hidden) + 2 * width * hidden;
  return cost;
}

std::vector<std::pair<std::string, uint64_t>> TargetAttention::options() const {
  return {{"length", static_cast<uint64_t>(shape_.length)}};
}

TargetAttention::Matrices TargetAttention::MatricesOf(const LayerCall& call) const {
  const size_t sequences = shape_.dims.size();
  const int64_t rows = call.out.y.rows, length = shape_.length;
  const int64_t elements = call.x[0].y.rows * length, row_elements = rows * length;
  const auto top = [&](size_t matrix, int64_t count) { return call.scratch[matrix].Top(count); };
  Matrices m;
  m.keys = top(kKeys, elements);
  m.key_products = top(kKeyProducts, elements);
  m.key_gradients = top(kKeyGradients, elements);
  m.queries = top(kQueries, rows);
  m.query_products = top(kQueryProducts, rows);
  m.query_gradients = top(kQueryGradients, rows);
  m.products = top(kProducts, row_elements);
  m.hidden = top(kHidden, row_elements);
  m.scores = top(kScores, row_elements);
  m.score_gradients = top(kScoreGradients, row_elements);
  m.hidden_gradients = top(kHiddenGradients, row_elements);
  m.product_gradients = top(kProductGradients, row_elements);
  m.elements = {m.keys, call.x[sequences].y, length, shares() ? call.grain.context_of.of : nullptr,
                shares() ? call.grain.context_of.rows : rows};
  m.of_products = m.elements;
  m.of_products.keys = m.key_products;
  return m;
}

Status TargetAttention::ForwardScores(const LayerCall& call, const Matrices& m) const {
  const std::span<const float> weights = call.parameters;
  Backend& backend = *call.backend;
  RETURN_IF_ERROR(backend.Gemm({}, m.keys, Place(weights_.key).In(weights), m.key_products));
  RETURN_IF_ERROR(backend.Gemm({.bias = weights.data() + weights_.bias}, m.queries,
                               Place(weights_.query).In(weights), m.query_products));
  backend.ForEach(KeyProductItems{m.elements, m.queries, m.products});
  RETURN_IF_ERROR(backend.Gemm({}, m.products, Place(weights_.product).In(weights), m.hidden));
  backend.ForEach(JoinActivationItems{m.of_products, m.query_products, m.hidden});
  backend.DotRows(m.hidden, weights.data() + weights_.score, weights.data() + weights_.score_bias,
                  m.scores);
  return Status::Ok();
}

Status TargetAttention::Forward(const LayerCall& call) const {
  const Matrices m = MatricesOf(call);
  const size_t sequences = shape_.dims.size();
  UnfoldInputs(call, shape_.dims, shape_.length, m.keys);
  int64_t column = 0;
  for (size_t s = 0; s < sequences; ++s) {
    call.backend->Copy(call.x[sequences + 1 + s].y, m.queries.Columns(column, shape_.dims[s]));
    column += shape_.dims[s];
  }
  RETURN_IF_ERROR(ForwardScores(call, m));
  call.backend->ForEach(AttendItems{m.elements, m.scores, call.out.y});
  return Status::Ok();
}

// From dy to the gradients of the hidden units and of k * q.
Status TargetAttention::BackwardScores(const LayerCall& call, const Matrices& m) const {
  Backend& backend = *call.backend;
  float* const gradient = call.gradient.data();
  backend.ForEach(ScoreGradientItems{m.elements, call.out.dy, m.score_gradients});
  backend.SumColumn(m.score_gradients, gradient + weights_.score_bias);
  backend.DotRowsBackward(m.hidden, call.parameters.data() + weights_.score, m.score_gradients,
                          gradient + weights_.score, m.hidden_gradients, 1.0f, false);
  backend.ReluBackward(m.hidden, m.hidden_gradients, gradient + weights_.bias);
  return BackwardProduct(call, Place(weights_.product), m.products, m.hidden_gradients,
                         m.product_gradients, false);
}

Status TargetAttention::BackwardQueries(const LayerCall& call, const Matrices& m) const {
  Backend& backend = *call.backend;
  const MatrixView<float> of_products = m.query_products;
  backend.ForEach(SumOfRowItems{m.hidden_gradients, shape_.length, of_products});
  backend.ForEach(QueryGradientItems{m.elements, m.product_gradients, m.query_gradients});
  RETURN_IF_ERROR(BackwardProduct(call, Place(weights_.query), m.queries, of_products,
                                  m.query_gradients, true));
  int64_t column = 0;
  for (size_t s = 0; s < shape_.dims.size(); ++s) {
    const LayerInput& query = call.x[shape_.dims.size() + 1 + s];
    const MatrixView<float> from = m.query_gradients.Columns(column, query.dy.cols);
    backend.ForEach(AddScaledItems{1.0f, from, query.dy, query.accumulate});
    column += shape_.dims[s];
  }
  return Status::Ok();
}

Status TargetAttention::BackwardKeys(const LayerCall& call, const Matrices& m) const {
  const int64_t length = shape_.length;
  Backend& backend = *call.backend;
  // What each row makes of its elements, then summed over the rows that share a sequence.
  backend.ForEach(
      KeyGradientItems{m.elements, m.scores, call.out.dy, m.queries, m.product_gradients});
  MatrixView<float> of_keys = m.product_gradients, of_products = m.hidden_gradients;
  if (shares()) {
    backend.SumRowsByIndex(RowsOfSequences(of_keys, length), call.grain.context_of,
                           RowsOfSequences(m.key_gradients, length));
    backend.SumRowsByIndex(RowsOfSequences(of_products, length), call.grain.context_of,
                           RowsOfSequences(m.key_products, length));
    of_keys = m.key_gradients;
    of_products = m.key_products;
  }
  RETURN_IF_ERROR(BackwardProduct(call, Place(weights_.key), m.keys, of_products, of_keys, true));
  FoldGradients(call, shape_.dims, length, of_keys);
  return Status::Ok();
}

Status TargetAttention::Backward(const LayerCall& call) const {
  const Matrices m = MatricesOf(call);
  RETURN_IF_ERROR(BackwardScores(call, m));
  RETURN_IF_ERROR(BackwardQueries(call, m));
  return BackwardKeys(call, m);
}

}  // namespace chorus::worker
