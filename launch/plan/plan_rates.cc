#include "launch/plan/plan_rates.h"

#include <google/protobuf/descriptor.h>

#include <cmath>

#include "common/json.h"
#include "common/output_file.h"
#include "common/strings.h"

namespace chorus::launch {
namespace {

Status CheckRates(const PlanRates& rates) {
  const auto& reflection = *rates.GetReflection();
  const auto& descriptor = *rates.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const auto& field = *descriptor.field(i);
    if (field.cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_DOUBLE) continue;
    const double value = reflection.GetDouble(rates, &field);
    if (std::isfinite(value) && value > 0) continue;
    return InvalidArgument(StrCat("rate \"", field.name(), "\" is ", value,
                                  "; expected a positive number, as chorus plan --calibrate "
                                  "--calibration FILE writes it"));
  }
  if (rates.cores() == 0) return InvalidArgument("\"cores\" is 0; expected at least 1");
  if (rates.shared_core() > 1) {
    return InvalidArgument(
        StrCat("rate \"shared_core\" is ", rates.shared_core(), "; expected at most 1"));
  }
  return Status::Ok();
}

}  // namespace

PlanRates AssumedRates() {
  PlanRates rates;
  rates.set_machine("assumed: a 2-core Zen 5 virtual machine (perf/README.md)");
  rates.set_cores(2);
  rates.set_core_flops(1.85e11);
  rates.set_shared_core(0.95);
  rates.set_read_exposures(1.9e6);
  rates.set_combine_bytes(3e9);
  rates.set_update_floats(7.5e8);
  rates.set_server_rows(2e7);
  rates.set_frame_bytes(4.5e9);
  rates.set_encrypted_bytes(2.2e9);
  rates.set_frame_seconds(40e-6);
  rates.set_sum_bytes(7e9);
  rates.set_message_seconds(2e-6);
  return rates;
}

Result<PlanRates> LoadRates(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, path));
  PlanRates rates;
  Status status = FromJson(text, &rates);
  if (status.ok()) status = CheckRates(rates);
  if (!status.ok()) return status.Annotate(path);
  return rates;
}

Status SaveRates(FileSystem& files, const std::string& path, const PlanRates& rates) {
  ASSIGN_OR_RETURN(const std::string json, ToJson(rates, {.zeros = true, .indented = true}));
  ASSIGN_OR_RETURN(const auto output, OutputFile::Create(files, path));
  RETURN_IF_ERROR(output->Append(json + "\n"));
  return output->Commit();
}

}  // namespace chorus::launch
