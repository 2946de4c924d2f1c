#include "launch/gpu/gpu_file.h"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/byte_order_mark.h"
#include "common/nearest_word.h"
#include "common/strings.h"

namespace chorus::gpu {
namespace {

constexpr char kUnits[] = "KMGTP";

// The allowed ranges of bytes, rates and times of starts.
constexpr double kLeastQuantity = 1e6, kMostQuantity = 1e18;
constexpr double kLeastStartUs = 1e-3, kMostStartUs = 1e6;

// The field for a number of the file, which is in units of `unit`.
struct NumberField {
  double Gpu::*to;
  double unit;
  bool is_needed;
  bool may_be_zero;
};

const std::map<std::string, NumberField>& NumberFields() {
  static const std::map<std::string, NumberField> fields = {
      {"memory", {&Gpu::memory_gb, 1e9, true, false}},
      {"memory_bandwidth", {&Gpu::memory_gb_s, 1e9, true, false}},
      {"fp32_flops", {&Gpu::fp32_tflops, 1e12, true, false}},
      {"tf32_flops", {&Gpu::tf32_tflops, 1e12, false, true}},
      {"bf16_flops", {&Gpu::bf16_tflops, 1e12, false, true}},
      {"bus_bandwidth", {&Gpu::bus_gb_s, 1e9, true, false}},
      {"link_bandwidth", {&Gpu::link_gb_s, 1e9, false, false}},
      {"launch_us", {&Gpu::start_us, 1, false, false}},
  };
  return fields;
}

const std::map<std::string, uint32_t Gpu::*>& CountFields() {
  static const std::map<std::string, uint32_t Gpu::*> fields = {
      {"multiprocessors", &Gpu::processors}, {"gpus_of_host", &Gpu::of_host}};
  return fields;
}

std::vector<std::string> FieldNames() {
  std::vector<std::string> names = {"name"};
  for (const auto& [name, field] : NumberFields()) names.push_back(name);
  for (const auto& [name, field] : CountFields()) names.push_back(name);
  return names;
}

// "memory 80G", "memory = 80G" and "memory: 80G".
std::pair<std::string, std::string> FieldAndValue(std::string_view line) {
  const size_t end = line.find_first_of(" \t=:");
  if (end == std::string_view::npos) return {std::string(line), ""};
  std::string_view value = Trim(line.substr(end));
  if (!value.empty() && (value.front() == '=' || value.front() == ':'))
    value = Trim(value.substr(1));
  return {std::string(line.substr(0, end)), std::string(value)};
}

Status SetField(const std::string& name, const std::string& value, Gpu* gpu) {
  if (name == "name") {
    if (value.empty()) return InvalidArgument("name is empty");
    gpu->name = value;
    return Status::Ok();
  }
  if (const auto count = CountFields().find(name); count != CountFields().end()) {
    const std::optional<uint64_t> number = ParseUint64(value);
    if (!number.has_value() || *number == 0 || *number > 100000) {
      return InvalidArgument(
          StrCat(name, ": found \"", value, "\", expected a whole number from 1 to 100000"));
    }
    gpu->*(count->second) = static_cast<uint32_t>(*number);
    return Status::Ok();
  }
  const auto field = NumberFields().find(name);
  if (field == NumberFields().end()) {
    const std::vector<std::string> names = FieldNames();
    return InvalidArgument(StrCat("\"", name, "\" is no field of a GPU",
                                  InsteadOfWord(name, names, Join(names, ", "))));
  }
  const Result<double> number = QuantityOf(value);
  if (!number.ok()) return number.status().Annotate(name);
  if (*number == 0 && field->second.may_be_zero) return Status::Ok();
  if (!(*number > 0)) {
    return InvalidArgument(StrCat(name, ": found \"", value, "\", expected a number above 0"));
  }
  // Datasheets print GB and TFLOPS: a number that has lost its unit is no GPU's.
  const bool counts = field->second.unit > 1;
  const double least = counts ? kLeastQuantity : kLeastStartUs;
  const double most = counts ? kMostQuantity : kMostStartUs;
  if (*number < least || *number > most) {
    return InvalidArgument(StrCat(name, ": found \"", value, "\", expected ",
                                  counts ? "from 1M to 1000000T, with its unit, as 80G"
                                         : "from 0.001 to 1000000 microseconds"));
  }
  gpu->*(field->second.to) = *number / field->second.unit;
  return Status::Ok();
}

Status CheckComplete(const std::set<std::string>& seen) {
  std::vector<std::string> missing;
  for (const auto& [name, field] : NumberFields()) {
    if (field.is_needed && seen.count(name) == 0) missing.push_back(name);
  }
  if (seen.count("multiprocessors") == 0) missing.emplace_back("multiprocessors");
  if (missing.empty()) return Status::Ok();
  return InvalidArgument(StrCat("has no line of ", Join(missing, ", ")));
}

}  // namespace

Result<double> QuantityOf(std::string_view text) {
  std::string_view number = text;
  double unit = 1;
  if (!number.empty()) {
    double power = 1;
    for (const char letter : std::string_view(kUnits)) {
      power *= 1000;
      if (number.back() == letter) unit = power;
    }
    if (unit > 1) number.remove_suffix(1);
  }
  const std::optional<double> value = ParseDouble(number);
  if (value.has_value()) return *value * unit;
  return InvalidArgument(StrCat(
      "found \"", text, "\", expected a number with or without K, M, G, T or P behind it, as 80G"));
}

Result<Gpu> ParseGpu(std::string_view text, const std::string& name) {
  Gpu gpu;
  gpu.name = name.substr(name.rfind('/') + 1);
  gpu.source = name;
  if (text.find('\0') != std::string_view::npos) {
    return InvalidArgument(StrCat(name, " is not a text file (launch/README.md, On GPUs)"));
  }
  text = WithoutByteOrderMark(text);
  std::set<std::string> seen;
  size_t number = 0;
  for (std::string& line : Split(text, '\n')) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::string_view content = Trim(std::string_view(line).substr(0, line.find('#')));
    if (content.empty()) continue;
    const auto [field, value] = FieldAndValue(content);
    Status status = SetField(field, value, &gpu);
    if (status.ok() && !seen.insert(field).second)
      status = InvalidArgument(StrCat(field, " is there twice"));
    if (!status.ok()) return status.Annotate(StrCat(name, " line ", number));
  }
  RETURN_IF_ERROR(CheckComplete(seen).Annotate(name));
  if (gpu.link_gb_s == 0) gpu.link_gb_s = gpu.bus_gb_s;
  return gpu;
}

Result<Gpu> GpuOf(const std::string& word, FileSystem& files) {
  if (const Gpu* const known = FindGpu(word)) return *known;
  if (word.find('/') != std::string::npos || files.Exists(word)) {
    ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(files, word));
    return ParseGpu(text, word);
  }
  std::vector<std::string> names = {"A100"};
  for (const Gpu& gpu : Gpus()) names.push_back(gpu.name);
  return InvalidArgument(StrCat("\"", word, "\" is neither a GPU that is known nor a file",
                                InsteadOfWord(word, names, Join(names, ", "))));
}

}  // namespace chorus::gpu
