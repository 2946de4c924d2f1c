#pragma once
// How a switch names every value of an enum of a .proto file. It has no default, so that the
// compiler lists the switches that a new value concerns; protoc adds two values to each enum, the
// ends of int, which no message has and which the switch has to name, too.
//   switch (schema.format()) {
//     case ImportSchema::PARQUET:
//       return Content::kParquet;
//     ...
//     case NO_VALUE_OF(ImportSchema_Format_ImportSchema_Format):
//       break;
//   }
//   CHECK(false, "no format: ", schema.format());
// An enum within a message is MESSAGE_ENUM_MESSAGE_ENUM here, another one is ENUM.
// Text can give an enum a number that has no name; the configuration refuses it
// (config_finish.cc).

#define NO_VALUE_OF(name) \
  name##_INT_MIN_SENTINEL_DO_NOT_USE_ : case name##_INT_MAX_SENTINEL_DO_NOT_USE_
