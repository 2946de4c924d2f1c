#include "worker/synthetic/ali_ccp_fields.h"

#include <algorithm>

#include "common/check.h"
#include "common/config.h"

namespace chorus::worker {

// Distinct ids, coverage and tokens: full passes over the 42.3 M exposures of the training part.
// Ranges of ids are near those that printed rows show, and do not overlap.
const std::array<AliCcpFieldInfo, kAliCcpFields> kAliCcpFieldInfo = {{
    {"101", true, false, false, 1, 295787, true, 0.998, 1},
    {"109_14", true, true, true, 449000, 12223, true, 0.991, 69.6},
    {"110_14", true, true, true, 470000, 2545609, true, 0.991, 252.2},
    {"127_14", true, true, true, 3460000, 396460, true, 0.990, 155.2},
    {"150_14", true, true, true, 3867000, 99226, true, 0.998, 136.2},
    {"121", true, false, false, 3438650, 97, false, 0.87, 1},
    {"122", true, false, false, 3438750, 13, false, 0.87, 1},
    {"124", true, false, false, 3438768, 2, false, 0.87, 1},
    {"125", true, false, false, 3438770, 7, false, 0.87, 1},
    {"126", true, false, false, 3438777, 3, false, 0.416, 1},
    {"127", true, false, false, 3438780, 3, false, 0.87, 1},
    {"128", true, false, false, 3864885, 2, false, 0.87, 1},
    {"129", true, false, false, 3864887, 4, false, 0.637, 1},
    {"205", false, false, false, 4190000, 3206396, true, 1, 1},
    {"206", false, false, false, 8310000, 8627, true, 1, 1},
    {"207", false, false, false, 8380000, 614739, true, 1, 1},
    {"210", false, true, false, 9015000, 98714, true, 0.9999, 6.1},
    {"216", false, false, false, 9120000, 210973, true, 0.711, 1},
    {"508", false, false, true, 9352000, 7753, true, 0.697, 1},
    {"509", false, false, true, 9360000, 389788, true, 0.221, 1},
    {"702", false, false, true, 9760000, 143919, true, 0.224, 1},
    {"853", false, true, true, 9910000, 86895, true, 0.41, 3.4},
    {"301", false, false, false, 9351665, 3, false, 1, 1},
}};

uint64_t AliCcpIds(AliCcpField field, double scale) {
  const AliCcpFieldInfo& info = kAliCcpFieldInfo[field];
  if (!info.scales || scale >= 1) return info.ids;  // the ranges hold no more
  return std::max<uint64_t>(1, static_cast<uint64_t>(info.ids * scale + 0.5));
}

ImportSchema AliCcpSchema() {
  ImportSchema schema;
  schema.set_format(ImportSchema::ALI_CCP);
  schema.set_click("click");
  schema.set_conversion("conversion");
  schema.set_row_id("sample_id");
  schema.set_group("101");
  for (const AliCcpFieldInfo& info : kAliCcpFieldInfo) {
    ColumnSlot& slot = *schema.add_slot();
    slot.set_column(info.name);
    if (info.context) slot.set_context(true);
    if (info.multi_valued) slot.set_separator("\x01");
    if (info.has_values) slot.set_value_separator("\x03");
  }
  const Status completed = CompleteConfig("the schema of Ali-CCP", &schema);
  CHECK(completed.ok(), completed.ToString());
  return schema;
}

}  // namespace chorus::worker
