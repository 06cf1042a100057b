// SPDX-License-Identifier: Apache-2.0
// The variants that are built: folders NAME/interlock-cell in `variants` beside the running executable.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "vm/error.hpp"

namespace harness {

struct BuiltVariant {
  std::string name;
  std::filesystem::path cell;  // its executable
};

// The folder of the running executable.
std::filesystem::path executable_folder();
// In alphabetical order. Error: none is built.
vm::Result<std::vector<BuiltVariant>> built_variants();
// One of them. The error lists those that are built.
vm::Result<BuiltVariant> built_variant(const std::string& name);
std::vector<std::string> names_of(const std::vector<BuiltVariant>& variants);

// Where the bare-metal programs are if nothing else is said: guests/bare-metal beside the build folder.
std::filesystem::path default_guests();

}  // namespace harness
