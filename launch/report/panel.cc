#include "launch/report/panel.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "common/strings.h"
#include "launch/report/html.h"

namespace chorus::launch {
namespace {

constexpr int kTop = 24;
constexpr int kBottom = 36;
constexpr int kLeft = 50;
constexpr int kRight = 14;
constexpr int kLetter = 7;  // width of one, about

std::string Pixels(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof(buffer), "%.1f", value);
  return buffer;
}

bool IsFinite(const Point& at) { return std::isfinite(at.x) && std::isfinite(at.y); }

std::string Text(double x, double y, const std::string& anchor, const std::string& style,
                 const std::string& text) {
  return StrCat("<text x=\"", Pixels(x), "\" y=\"", Pixels(y), "\" text-anchor=\"", anchor, "\"",
                style.empty() ? "" : StrCat(" class=\"", style, "\""), ">", Escape(text),
                "</text>\n");
}

// Letters, not bytes.
int WidthOf(const std::string& text) {
  const auto letters =
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return kLetter * static_cast<int>(letters);
}

std::string LineElement(double x1, double y1, double x2, double y2, const std::string& style) {
  return StrCat("<line x1=\"", Pixels(x1), "\" y1=\"", Pixels(y1), "\" x2=\"", Pixels(x2),
                "\" y2=\"", Pixels(y2), "\" class=\"", style, "\"/>\n");
}

}  // namespace

Panel::Panel(std::string title, std::string description, Axis x, Axis y)
    : title_(std::move(title)),
      description_(std::move(description)),
      x_(std::move(x)),
      y_(std::move(y)) {}

void Panel::Size(int width, int height) {
  width_ = width;
  height_ = height;
}

void Panel::Rows(std::vector<std::string> names) { rows_ = std::move(names); }

double Panel::PlaceX(double x) const { return width_ * x_.Place(x); }

double Panel::PlaceY(double y) const {
  return height_ * (rows_.empty() ? 1 - y_.Place(y) : y_.Place(y));
}

void Panel::Line(const std::vector<Point>& points, const std::string& style) {
  std::string places;
  const auto end_line = [&] {
    if (places.empty()) return;
    marks_ += StrCat("<polyline points=\"", places, "\" class=\"", style, "\"/>\n");
    places.clear();
  };
  for (const Point& point : points) {
    if (!IsFinite(point)) {
      end_line();
      continue;
    }
    places +=
        StrCat(places.empty() ? "" : " ", Pixels(PlaceX(point.x)), ",", Pixels(PlaceY(point.y)));
  }
  end_line();
}

void Panel::Dot(Point at, const std::string& style) {
  if (!IsFinite(at)) return;
  marks_ += StrCat("<circle cx=\"", Pixels(PlaceX(at.x)), "\" cy=\"", Pixels(PlaceY(at.y)),
                   "\" r=\"3\" class=\"", style, "\"/>\n");
}

void Panel::Segment(Point from, Point to, const std::string& style) {
  // An end at infinity is drawn on the frame.
  for (const double place : {from.x, from.y, to.x, to.y}) {
    if (std::isnan(place)) return;
  }
  marks_ += LineElement(PlaceX(from.x), PlaceY(from.y), PlaceX(to.x), PlaceY(to.y), style);
}

void Panel::IntervalX(double y, double low, double high, const std::string& style) {
  Segment({low, y}, {high, y}, "whisker " + style);
}

void Panel::IntervalY(double x, double low, double high, const std::string& style) {
  Segment({x, low}, {x, high}, "whisker " + style);
}

void Panel::Rule(Point from, Point to) { Segment(from, to, "rule"); }

// Grid, frame and what is written on the axes.
std::string Panel::AxesText() const {
  std::string out;
  for (const Tick& tick : x_.Ticks(4)) {
    const double x = PlaceX(tick.value);
    out += LineElement(x, 0, x, height_, "grid");
    out += Text(x, height_ + 14, "middle", "", tick.text);
  }
  for (size_t i = 0; i < rows_.size(); ++i) {
    const double y = PlaceY(static_cast<double>(i) + 0.5);
    out += LineElement(0, y, width_, y, "grid");
    out += Text(-6, y + 4, "end", "row", rows_[i]);
  }
  if (rows_.empty()) {
    for (const Tick& tick : y_.Ticks(4)) {
      const double y = PlaceY(tick.value);
      out += LineElement(0, y, width_, y, "grid");
      out += Text(-6, y + 4, "end", "", tick.text);
    }
  }
  out += Text(width_ / 2.0, height_ + 30, "middle", "", x_.label());
  return out + StrCat("<rect x=\"0\" y=\"0\" width=\"", width_, "\" height=\"", height_,
                      "\" class=\"frame\"/>\n");
}

// As wide as the frame with the words beside it, so that no word runs off the picture.
std::string Panel::Svg() const {
  int left = kLeft, right = kRight;
  for (const std::string& row : rows_) left = std::max(left, 12 + WidthOf(row));
  if (rows_.empty()) {
    for (const Tick& tick : y_.Ticks(4)) left = std::max(left, 10 + WidthOf(tick.text));
  }
  for (const Tick& tick : x_.Ticks(4)) {
    const int half = WidthOf(tick.text) / 2 + 2, at = static_cast<int>(PlaceX(tick.value));
    left = std::max(left, half - at);
    right = std::max(right, half + at - width_);
  }
  const int label = WidthOf(x_.label()) / 2 - width_ / 2;
  left = std::max(left, label);
  right = std::max(right, label);
  const std::string above =
      y_.label().empty() || !rows_.empty() ? title_ : StrCat(title_, ": ", y_.label());
  right = std::max(right, WidthOf(above) - width_ + 2);
  const int width = left + width_ + right;
  const int height = kTop + height_ + kBottom;
  return StrCat("<svg role=\"img\" width=\"", width, "\" height=\"", height, "\" viewBox=\"0 0 ",
                width, " ", height, "\" xmlns=\"http://www.w3.org/2000/svg\">\n",
                Element("title", above), Element("desc", description_),
                Text(left, 14, "start", "title", above), "<g transform=\"translate(", left, " ",
                kTop, ")\">\n", AxesText(), marks_, "</g>\n</svg>\n");
}

}  // namespace chorus::launch
