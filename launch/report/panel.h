#pragma once
// One small picture as SVG: a frame with two axes, and lines, dots and intervals in it. Styles are
// the CSS classes of html.cc: "main", "other", "third", "fourth", with "thin" and "hollow".
// Thread safety: none.

#include <string>
#include <vector>

#include "launch/report/axis.h"

namespace chorus::launch {

struct Point {
  double x = 0;
  double y = 0;
};

class Panel {
 public:
  // title: above the picture, and its name for screen readers; description: what it shows.
  Panel(std::string title, std::string description, Axis x, Axis y);

  void Size(int width, int height);  // of the frame, in CSS pixels
  // Names on the y axis in place of numbers; row i is at i + 1/2, from above.
  void Rows(std::vector<std::string> names);

  // Numbers that are not finite are not drawn; a line has a gap there.
  void Line(const std::vector<Point>& points, const std::string& style);
  void Dot(Point at, const std::string& style);
  void IntervalX(double y, double low, double high, const std::string& style);
  void IntervalY(double x, double low, double high, const std::string& style);
  // A dashed line across: from one place to another.
  void Rule(Point from, Point to);

  std::string Svg() const;

 private:
  double PlaceX(double x) const;
  double PlaceY(double y) const;
  void Segment(Point from, Point to, const std::string& style);
  std::string AxesText() const;

  const std::string title_;
  const std::string description_;
  const Axis x_, y_;
  int width_ = 230;
  int height_ = 150;
  std::vector<std::string> rows_;
  std::string marks_;
};

}  // namespace chorus::launch
