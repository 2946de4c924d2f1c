#pragma once
// The types of all methods, for devices, which are compiled with every method's row function. A
// device refuses a job whose method is missing here; a test finds the omission earlier. Thread
// safety: types only.

#include "worker/objective/aman.h"
#include "worker/objective/base.h"
#include "worker/objective/chorus_cvr.h"
#include "worker/objective/dcmt.h"
#include "worker/objective/ddpo.h"
#include "worker/objective/division.h"
#include "worker/objective/escm2_dr.h"
#include "worker/objective/escm2_ipw.h"
#include "worker/objective/esmm.h"
#include "worker/objective/nise.h"
#include "worker/objective/oversampling.h"
#include "worker/objective/ukd.h"
#include "worker/objective/unbias.h"

namespace chorus::worker {

template <typename... Methods>
struct MethodList {};

using AllMethods =
    MethodList<Aman, Base, ChorusCvr<true, true>, ChorusCvr<false, true>, ChorusCvr<true, false>,
               Dcmt<true>, Dcmt<false>, Ddpo<true>, Ddpo<false>, Division, DoublyRobustLoss<true>,
               DoublyRobustLoss<false>, Ipw<true>, Ipw<false>, Esmm, Nise<true>, Nise<false>,
               Oversampling, Ukd, Unbias<true>, Unbias<false>>;

}  // namespace chorus::worker
