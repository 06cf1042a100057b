// SPDX-License-Identifier: Apache-2.0
// The manifest of a run: what was measured, with what, on what. Its SHA-256 names the result.
#pragma once
#include <string>
#include <vector>

#include "harness/sweep/plan.hpp"
#include "harness/sweep/variants.hpp"

namespace harness {

struct ManifestInput {
  std::string sweep_file;  // a name for people: "quick (built in)" or a path
  std::string sweep_text;
  const Plan* plan = nullptr;
  std::vector<BuiltVariant> variants;
  std::string guests;  // folder; empty: the plan has no guest cells
};

// JSON text. What this machine does not tell is "unavailable". Errors: an executable or a guest that cannot be read.
vm::Result<std::string> make_manifest(const ManifestInput& input);

// SHA-256 over the executables and guests that the plan needs: equal if a run may be resumed with them.
vm::Result<std::string> hash_of_programs(const Plan& plan, const std::vector<BuiltVariant>& variants, const std::string& guests);

// One line for tables: processor, cores, kernel, RTM.
std::string machine_line();

}  // namespace harness
