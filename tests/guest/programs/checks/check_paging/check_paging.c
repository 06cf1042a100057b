// SPDX-License-Identifier: Apache-2.0
// Address translation: permissions, malformed tables, canonical addresses, what a fault reports.
// Source: RISC-V privileged specification 1.12, sections 4.1.11, 4.3, 4.4, 4.5.
#include "check_paging.h"

static const Check checks[] = {
    {"asid_width", asid_width, 1},
    {"permission_matrix", permission_matrix, 1},
    {"permission_matrix_mprv", permission_matrix_mprv, 1},
    {"malformed_entries", malformed_entries, 1},
    {"misaligned_superpages", misaligned_superpages, 1},
    {"not_canonical", not_canonical, 1},
    {"high_half", high_half, 1},
    {"straddling_fetch", straddling_fetch, 1},
};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
