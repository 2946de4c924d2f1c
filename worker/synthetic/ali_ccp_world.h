#pragma once
// Contexts and exposures in the shape of Ali-CCP, in a world whose truth is known. README.md beside
// this file says how each part is drawn. Everything is a function of (seed, stream, number), so
// that any piece can be made alone and nothing depends on threads.
//
// Contexts come in cells of 20 contexts and 1158 exposures (57.9 per context, as in Ali-CCP), whose
// sizes follow an exponential law and come in any order. Thread safety: read-only after
// construction.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "worker/log/oracle_row.h"
#include "worker/synthetic/ali_ccp_fields.h"
#include "worker/synthetic/world.h"
#include "worker/synthetic/zipf.h"

namespace chorus::worker {

constexpr uint32_t kAliCcpCellContexts = 20;
constexpr uint64_t kAliCcpCellExposures = 1158;

struct AliCcpToken {
  AliCcpField field;
  uint32_t id;
  uint32_t value;  // in units of 1e-5: values have five decimals
};
// The value as text ("1.0", "0.69315") and as the number that this text is.
void AppendAliCcpValue(uint32_t value, std::string* out);
float AliCcpValue(uint32_t value);

struct AliCcpContext {
  uint64_t number = 0;
  uint64_t key = 0;  // common_feature_index, as 16 hexadecimal digits
  Scenery scenery;
  User user;
  std::vector<AliCcpToken> tokens;  // those of one field in the order of its ids
};

struct AliCcpExposure {
  uint64_t sample_id = 0;  // from 1
  bool click = false;
  bool conversion = false;
  OracleRow truth;
  std::vector<AliCcpToken> tokens;
};

class AliCcpWorld {
 public:
  // `world` must outlive this, and be of shape ALI_CCP.
  explicit AliCcpWorld(const World& world);

  uint64_t contexts() const;  // of all exposures
  uint64_t cells() const;
  // Exposures of each context of a cell; fewer, or 0, where the log ends.
  std::vector<uint32_t> SizesOfCell(uint64_t cell) const;

  void MakeContext(uint64_t number, AliCcpContext* out) const;
  uint64_t KeyOf(uint64_t context) const;
  // exposure: its number from 0.
  void MakeExposure(const AliCcpContext& context, uint64_t exposure, AliCcpExposure* out) const;

 private:
  uint64_t Ids(AliCcpField field) const { return ids_[field]; }
  void AddProfile(const User& user, std::vector<AliCcpToken>* out) const;
  void AddHistory(const User& user, uint64_t context, uint32_t index,
                  std::vector<AliCcpToken>* out) const;
  void AddCrosses(const Item& item, uint64_t exposure, std::vector<AliCcpToken>* out) const;
  OracleRow TruthOf(const AliCcpContext& context, const Item& item, uint32_t position,
                    uint64_t exposure) const;

  const World& world_;
  const uint64_t stream_;
  std::array<uint64_t, kAliCcpFields> ids_;
  std::vector<Zipf> history_laws_;  // of the four histories
};

// In the text tokens are in no order: fields are shuffled, and some come in two places. The tokens
// of one field stay in their order.
void ShuffleFields(uint64_t seed, std::vector<AliCcpToken>* tokens);

}  // namespace chorus::worker
