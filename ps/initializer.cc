#include "ps/initializer.h"

#include "common/check.h"
#include "common/random.h"

namespace chorus::ps {

Initializer::Initializer(uint64_t seed, const TableSpec& table)
    : seed_(seed), name_hash_(table.name_hash), dim_(table.config.dim()) {
  const InitializerConfig& config = table.config.initializer();
  switch (config.kind_case()) {
    case InitializerConfig::kNormal:
      kind_ = Kind::kNormal;
      center_ = config.normal().mean();
      spread_ = config.normal().stddev();
      return;
    case InitializerConfig::kUniform:
      kind_ = Kind::kUniform;
      spread_ = config.uniform().scale();
      return;
    case InitializerConfig::kConstant:
      kind_ = Kind::kConstant;
      center_ = config.constant().value();
      return;
    case InitializerConfig::KIND_NOT_SET:
      break;
  }
  CHECK(false, "table ", table.name, " has no initializer: its configuration is not complete");
}

void Initializer::Fill(Key key, float* weights) const {
  for (uint32_t lane = 0; lane < dim_; ++lane) {
    double value = center_;
    if (kind_ != Kind::kConstant) {
      const uint64_t bits = Random(seed_, RandomPurpose::kRowInitializer, name_hash_, key, lane);
      value += spread_ * (kind_ == Kind::kNormal ? ToNormal(bits) : 2.0 * ToUniform(bits) - 1.0);
    }
    weights[lane] = static_cast<float>(value);
  }
}

}  // namespace chorus::ps
