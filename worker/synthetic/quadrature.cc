#include "worker/synthetic/quadrature.h"

#include "common/device_math.h"

namespace chorus::worker {
namespace {

struct Node {
  double x;
  double weight;
};

// Zeros x of the probabilists' Hermite polynomial He_21 that are >= 0 (the rule is symmetric), and
// their weights 21! / (21 He_20(x))^2.
constexpr Node kNodes[] = {
    {0.0, 0.27026018357287707},
    {0.678045692440644, 0.21533371569505969},
    {1.3597658232112302, 0.10839228562641945},
    {2.049102468257163, 0.03395272978654283},
    {2.7505929810533733, 0.006439697051408777},
    {3.4698466904753764, 0.0007080477954815365},
    {4.214343981688422, 4.219234742551676e-05},
    {4.994963944782025, 1.2253548361482534e-06},
    {5.8293820073044715, 1.4506612844930865e-08},
    {6.751444718717461, 4.975368604121724e-11},
    {7.849382895113822, 2.0989912195656766e-14},
};

}  // namespace

Marginals MarginaliseHidden(double click, double conversion, double gam_c, double gam_v) {
  if (gam_c == 0 && gam_v == 0) {
    const double p_v = Sigmoid(conversion);
    return {Sigmoid(click), p_v, p_v};
  }
  Marginals m;
  double both = 0;
  const auto add = [&](double e, double weight) {
    const double p_click = Sigmoid(click + gam_c * e);
    const double p_conv = Sigmoid(conversion + gam_v * e);
    m.p_c += weight * p_click;
    m.p_v += weight * p_conv;
    both += weight * p_click * p_conv;
  };
  add(kNodes[0].x, kNodes[0].weight);
  for (const Node& node : kNodes) {
    if (node.x == 0) continue;
    add(node.x, node.weight);
    add(-node.x, node.weight);
  }
  m.p_v_given_c = gam_c == 0 || gam_v == 0 ? m.p_v : both / m.p_c;
  return m;
}

}  // namespace chorus::worker
