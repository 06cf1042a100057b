// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/variants.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace harness {

std::filesystem::path executable_folder() {
  std::error_code failure;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? std::filesystem::path(".") : path.parent_path();
}

vm::Result<std::vector<BuiltVariant>> built_variants() {
  const auto folder = executable_folder() / "variants";
  std::vector<BuiltVariant> found;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    const auto cell = entry.path() / "interlock-cell";
    if (access(cell.c_str(), X_OK) == 0) found.push_back({entry.path().filename().string(), cell});
  }
  if (found.empty())
    return vm::Error{"no variant is built: " + folder.string() +
                     "/NAME/interlock-cell does not exist; build the project (cmake --build --preset release)"};
  std::sort(found.begin(), found.end(), [](const BuiltVariant& a, const BuiltVariant& b) { return a.name < b.name; });
  return found;
}

std::vector<std::string> names_of(const std::vector<BuiltVariant>& variants) {
  std::vector<std::string> names;
  for (const BuiltVariant& variant : variants) names.push_back(variant.name);
  return names;
}

vm::Result<BuiltVariant> built_variant(const std::string& name) {
  const auto variants = built_variants();
  if (!variants) return variants.error();
  for (const BuiltVariant& variant : *variants) {
    if (variant.name == name) return variant;
  }
  return vm::Error{fmt::format("variant '{}' is not built; built are {}", name, fmt::join(names_of(*variants), ", "))};
}

std::filesystem::path default_guests() { return (executable_folder() / "../guests/bare-metal").lexically_normal(); }

}  // namespace harness
