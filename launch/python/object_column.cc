#include "launch/python/object_column.h"

#include <cmath>
#include <utility>

#include "common/strings.h"
#include "worker/import/number_rules.h"

namespace chorus::launch {
namespace {

namespace py = pybind11;

// A numpy scalar becomes the Python object of the same value; other objects stay as they are.
py::object Plain(PyObject* object) {
  if (PyUnicode_Check(object) || PyFloat_Check(object) || PyLong_Check(object) ||
      object == Py_None || !PyObject_HasAttrString(object, "item") ||
      PyObject_HasAttrString(object, "__len__")) {
    return py::reinterpret_borrow<py::object>(object);
  }
  return py::reinterpret_borrow<py::object>(object).attr("item")();
}

// pandas' NA and NaT are values of their own.
bool IsNothing(PyObject* object) {
  if (object == Py_None) return true;
  const std::string_view type = Py_TYPE(object)->tp_name;
  return type == "NAType" || type == "NaTType" || type.ends_with(".NAType") ||
         type.ends_with(".NaTType");
}

bool IsList(PyObject* object) {
  return !PyUnicode_Check(object) && !PyBytes_Check(object) && !PyDict_Check(object) &&
         PySequence_Check(object) == 1;
}

}  // namespace

Status ObjectColumn::Wrong(PyObject* found) const {
  return InvalidArgument(StrCat("column '", name_, "': row ", row_, ": found ",
                                Py_TYPE(found)->tp_name,
                                ", expected a number, a text, None, or a list of these or of pairs "
                                "(id, factor)"));
}

Status ObjectColumn::AddRow(PyObject* cell) {
  if (PyDict_Check(cell)) {
    is_list_ = true;
    PyObject *id = nullptr, *factor = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(cell, &at, &id, &factor) != 0) RETURN_IF_ERROR(AddPair(id, factor));
  } else if (IsList(cell)) {
    is_list_ = true;
    const auto items = py::reinterpret_borrow<py::sequence>(cell);
    for (const py::object item : items) {  // a reference of its own: arrays make their elements
      const bool pair = PyTuple_Check(item.ptr()) && PyTuple_Size(item.ptr()) == 2;
      RETURN_IF_ERROR(pair ? AddPair(PyTuple_GetItem(item.ptr(), 0), PyTuple_GetItem(item.ptr(), 1))
                           : AddElement(item.ptr()));
    }
  } else {
    RETURN_IF_ERROR(AddElement(cell));
  }
  ++row_;
  lists_.push_back(static_cast<int64_t>(there_.size()));
  return Status::Ok();
}

Status ObjectColumn::AddPair(PyObject* id, PyObject* factor) {
  has_factors_ = true;
  const double x = PyFloat_AsDouble(factor);
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    return Wrong(factor);
  }
  RETURN_IF_ERROR(AddElement(id));
  factors_.resize(there_.size(), std::nanf(""));
  factors_.back() = static_cast<float>(x);
  return Status::Ok();
}

Status ObjectColumn::AddElement(PyObject* element) {
  if (IsNothing(element)) {
    AddNothing();
    return Status::Ok();
  }
  const py::object plain = Plain(element);
  PyObject* const object = plain.ptr();
  if (PyUnicode_Check(object)) {
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(object, &size);
    if (text == nullptr) {
      PyErr_Clear();
      return Wrong(object);
    }
    AddText({text, static_cast<size_t>(size)});
    return Status::Ok();
  }
  if (PyFloat_Check(object)) {
    const double x = PyFloat_AsDouble(object);
    if (std::isnan(x)) {
      AddNothing();
    } else {
      AddDouble(x);
    }
    return Status::Ok();
  }
  if (!PyLong_Check(object)) return Wrong(object);
  AddInt(object);
  return Status::Ok();
}

void ObjectColumn::AddNothing() {
  there_.push_back(0);
  if (kind_ == kInts) ints_.push_back(0);
  if (kind_ == kDoubles) doubles_.push_back(0);
  if (kind_ == kTexts) ends_.push_back(static_cast<int64_t>(texts_.size()));
}

void ObjectColumn::AddInt(PyObject* element) {
  int overflow = 0;
  const long long x = PyLong_AsLongLongAndOverflow(element, &overflow);
  if (overflow != 0) return AddText(py::str(py::handle(element)).cast<std::string>());
  if (kind_ == kTexts || kind_ == kDoubles) return AddText(StrCat(static_cast<int64_t>(x)));
  Become(kInts);
  there_.push_back(1);
  ints_.push_back(x);
}

void ObjectColumn::AddDouble(double x) {
  if (kind_ == kTexts || kind_ == kInts) {
    AddText(worker::TextOfDouble(x));
    return;
  }
  Become(kDoubles);
  there_.push_back(1);
  doubles_.push_back(x);
}

void ObjectColumn::AddText(std::string_view text) {
  Become(kTexts);
  there_.push_back(1);
  texts_ += text;
  ends_.push_back(static_cast<int64_t>(texts_.size()));
}

// A column of several kinds becomes one of texts, since a number means the same as its text.
void ObjectColumn::Become(Kind kind) {
  if (kind == kind_) return;
  const Kind before = std::exchange(kind_, kind);
  const size_t elements = there_.size();
  if (kind == kInts) ints_.assign(elements, 0);
  if (kind == kDoubles) doubles_.assign(elements, 0);
  if (kind != kTexts) return;
  for (size_t e = 0; e < elements; ++e) {
    if (there_[e] != 0 && before == kInts) texts_ += StrCat(ints_[e]);
    if (there_[e] != 0 && before == kDoubles) texts_ += worker::TextOfDouble(doubles_[e]);
    ends_.push_back(static_cast<int64_t>(texts_.size()));
  }
  ints_.clear();
  doubles_.clear();
}

InputColumn ObjectColumn::View() {
  if (kind_ == kNothing) Become(kInts);
  InputColumn column;
  column.name = name_;
  column.elements = static_cast<int64_t>(there_.size());
  column.there = there_.data();
  if (is_list_) column.lists = lists_.data();
  if (has_factors_) {
    factors_.resize(there_.size(), std::nanf(""));
    column.factors = factors_.data();
  }
  column.type = kind_ == kInts      ? InputColumn::Type::kInt64
                : kind_ == kDoubles ? InputColumn::Type::kFloat64
                                    : InputColumn::Type::kText;
  column.values = kind_ == kInts      ? static_cast<const void*>(ints_.data())
                  : kind_ == kDoubles ? static_cast<const void*>(doubles_.data())
                                      : static_cast<const void*>(texts_.data());
  column.ends = ends_.data();
  return column;
}

}  // namespace chorus::launch
