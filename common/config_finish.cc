#include <google/protobuf/text_format.h>

#include <cmath>
#include <limits>
#include <vector>

#include "common/check.h"
#include "common/config.pb.h"
#include "common/config_internal.h"
#include "common/strings.h"

namespace chorus::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

bool IsMessage(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}
bool IsFloating(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_DOUBLE ||
         field.type() == FieldDescriptor::TYPE_FLOAT;
}
const Allowed& AllowedOf(const FieldDescriptor& field) {
  return field.options().GetExtension(allowed);
}

// The value of field (element `index` when repeated) as a number. REQUIRES: a number of
// config.proto.
double NumberOf(const Message& config, const FieldDescriptor* field, int index) {
  const Reflection& r = *config.GetReflection();
  const bool list = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return list ? r.GetRepeatedDouble(config, field, index) : r.GetDouble(config, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return list ? r.GetRepeatedUInt32(config, field, index) : r.GetUInt32(config, field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return static_cast<double>(list ? r.GetRepeatedUInt64(config, field, index)
                                      : r.GetUInt64(config, field));
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_BOOL:
    case FieldDescriptor::CPPTYPE_ENUM:
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  CHECK(false, "config.proto has a number of a type not handled here: ", field->full_name());
}

bool IsPowerOfTwo(double value) {
  return value >= 1 && (static_cast<uint64_t>(value) & (static_cast<uint64_t>(value) - 1)) == 0;
}

// Rates and their like become float32 where they are used.
bool FitsFloat(double value) { return std::abs(value) <= std::numeric_limits<float>::max(); }

bool InRange(const FieldDescriptor& field, double value) {
  const Allowed& range = AllowedOf(field);
  if (!FitsFloat(value)) return false;
  if (range.has_min() && value < range.min()) return false;
  if (range.has_max() && value > range.max()) return false;
  if (range.has_above() && value <= range.above()) return false;
  return !range.power_of_two() || IsPowerOfTwo(value);
}

// "1 .. 4096, a power of two"; "" when any number will do.
std::string RangeText(const FieldDescriptor& field) {
  const Allowed& range = AllowedOf(field);
  std::string text;
  if (range.has_above()) {
    text =
        StrCat("more than ", range.above(), range.has_max() ? StrCat(", up to ", range.max()) : "");
  } else if (range.has_min() && range.has_max()) {
    text = StrCat(range.min(), " .. ", range.max());
  } else if (range.has_min()) {
    text = StrCat(range.min(), " or more");
  } else if (range.has_max()) {
    text = StrCat("up to ", range.max());
  }
  return range.power_of_two() ? text + ", a power of two" : text;
}

// Text may give an enum a number, too: one of a value that there is, and not that of "unspecified".
bool IsNamedValue(const Message& config, const FieldDescriptor* field, int index) {
  const Reflection& reflection = *config.GetReflection();
  const int value = field->is_repeated() ? reflection.GetRepeatedEnumValue(config, field, index)
                                         : reflection.GetEnumValue(config, field);
  return value != 0 && field->enum_type()->FindValueByNumber(value) != nullptr;
}

// One value of a scalar field.
Status CheckValue(const Message& config, const FieldDescriptor* field, int index,
                  const std::string& path, const Origins& origins) {
  std::string value;
  TextFormat::PrintFieldValueToString(config, field, index, &value);
  bool good = true, fits = true;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      good = IsNamedValue(config, field, index);
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      good = !AllowedOf(*field).required() || value != "\"\"";
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      break;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      good = InRange(*field, NumberOf(config, field, index));
      fits = FitsFloat(NumberOf(config, field, index)) ||
             !std::isfinite(NumberOf(config, field, index));
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      CHECK(false, field->full_name(), " is no scalar");
  }
  if (good) return Status::Ok();
  return FieldError(origins.Of(path), path,
                    StrCat(value, fits ? " is out of range" : " does not fit float32",
                           ", allowed: ", WhatIsAllowed(*field)));
}

Status CheckField(const Message& config, const FieldDescriptor* field, const std::string& path,
                  const Origins& origins) {
  const Reflection& reflection = *config.GetReflection();
  if (!field->is_repeated()) {
    if (!reflection.HasField(config, field)) {
      if (IsMessage(*field) || !AllowedOf(*field).required()) return Status::Ok();
      return FieldError(origins.Of(path), path,
                        StrCat("is not written; required: ", WhatIsAllowed(*field)));
    }
    return IsMessage(*field) ? CheckAllowed(reflection.GetMessage(config, field), path, origins)
                             : CheckValue(config, field, -1, path, origins);
  }
  for (int i = 0; i < reflection.FieldSize(config, field); ++i) {
    const std::string at = Under(path, StrCat(i));
    RETURN_IF_ERROR(IsMessage(*field)
                        ? CheckAllowed(reflection.GetRepeatedMessage(config, field, i), at, origins)
                        : CheckValue(config, field, i, at, origins));
  }
  return Status::Ok();
}

// Calls fill for every message below *config that a complete configuration has: all but the
// alternatives that were not chosen.
void FillBelow(Message* config, void (*fill)(Message*)) {
  const Descriptor* const type = config->GetDescriptor();
  const Reflection* const reflection = config->GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* const field = type->field(i);
    if (!IsMessage(*field)) continue;
    if (field->is_repeated()) {
      for (int element = 0; element < reflection->FieldSize(*config, field); ++element) {
        fill(reflection->MutableRepeatedMessage(config, field, element));
      }
    } else if (field->real_containing_oneof() == nullptr || reflection->HasField(*config, field)) {
      fill(reflection->MutableMessage(config, field));
    }
  }
}

bool IsWritten(const Message& config, const FieldDescriptor* field) {
  const Reflection& reflection = *config.GetReflection();
  return field->is_repeated() ? reflection.FieldSize(config, field) > 0
                              : reflection.HasField(config, field);
}

// text: a value, or "[1, 5, 10]" for a list.
void SetFromOption(const std::string& text, const FieldDescriptor* field, Message* config) {
  CHECK(TextFormat::MergeFromString(StrCat(field->name(), ": ", text), config), "the default of ",
        field->full_name(), " does not parse: ", text);
}

}  // namespace

std::string FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return Join(names, ", ");
}

std::string InsteadOf(const std::string& name, const Descriptor& type) {
  const std::string prefix = name + ": ";
  for (int i = 0; i < type.options().ExtensionSize(moved); ++i) {
    const std::string& entry = type.options().GetExtension(moved, i);
    if (entry.starts_with(prefix)) {
      return StrCat(entry.substr(prefix.size()), ", which took its place");
    }
  }
  return StrCat("known fields: ", FieldNames(type));
}

std::string WhatIsAllowed(const FieldDescriptor& field) {
  if (IsMessage(field)) return StrCat("{...} with fields ", FieldNames(*field.message_type()));
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    std::vector<std::string> names;  // the value 0 means "not specified" and is not for users
    for (int i = 1; i < field.enum_type()->value_count(); ++i) {
      names.push_back(field.enum_type()->value(i)->name());
    }
    return Join(names, ", ");
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return "true, false";
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return AllowedOf(field).required() ? "a text that is not empty" : "a text";
  }
  const std::string range = RangeText(field);
  const std::string kind = IsFloating(field) ? "a finite number" : "a whole number";
  return range.empty() ? (IsFloating(field) ? kind : kind + " 0 or more")
                       : StrCat(kind, " ", range);
}

void FillDefaults(Message* config) {
  const Descriptor* const type = config->GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* const field = type->field(i);
    if (!field->options().HasExtension(default_value) || IsWritten(*config, field)) continue;
    SetFromOption(field->options().GetExtension(default_value), field, config);
  }
  FillBelow(config, FillDefaults);
}

void FillWhatIsEmpty(Message* config) {
  const Descriptor* const type = config->GetDescriptor();
  const Reflection* const reflection = config->GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* const field = type->field(i);
    if (!field->options().HasExtension(when_empty)) continue;
    const bool nothing_in_it =
        !IsWritten(*config, field) ||
        (!field->is_repeated() && reflection->GetMessage(*config, field).ByteSizeLong() == 0);
    if (nothing_in_it) SetFromOption(field->options().GetExtension(when_empty), field, config);
  }
  FillBelow(config, FillWhatIsEmpty);
}

Status CheckAllowed(const Message& config, const std::string& path, const Origins& origins) {
  const Descriptor* type = config.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    RETURN_IF_ERROR(CheckField(config, field, Under(path, field->name()), origins));
  }
  return Status::Ok();
}

}  // namespace chorus::internal
