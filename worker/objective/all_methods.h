#pragma once
// The types of all methods, for devices that must compile each one's row function beforehand. A
// method that is missing here is refused by a device when a job starts; a test finds it earlier.

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
