# SPDX-License-Identifier: Apache-2.0
"""Where QEMU 7.2 and this machine print different lines, and why that is right.

Each rule takes one field out of both lines; nothing else of a line is excused. Section numbers: RISC-V Privileged 1.12.
"""

# Words of a P line.
KIND, CAUSE = 8, 11
AMO_KINDS = {"8", "9"}
AMO_NOWHERE = "AMO to where nothing is: QEMU makes it a load and a store, and the load faults; the cause is that of a store (3.1.15)"


def bits(*numbers):
    return sum(1 << n for n in numbers)


# CSR number: (bits that are not compared, reason)
NOT_COMPARED = {
    0x100: (bits(9, 10, 32, 33), "sstatus: QEMU stores VS without vectors, and any UXL; both are read-only here"),
    0x300: (bits(9, 10, 32, 33, 34, 35, 38, 39), "mstatus: QEMU stores VS, UXL, SXL, GVA and MPV without V and H"),
    0x302: (bits(10, 11, 20, 21, 22, 23), "medeleg: QEMU can delegate the causes of H and the environment call from M mode"),
    0x303: (~bits(1, 5, 9), "mideleg: QEMU can delegate the interrupts of H and of the counters"),
    0x304: (~bits(1, 3, 5, 7, 9, 11), "mie: QEMU has the interrupts of H and of the counters"),
    0x344: (~bits(1, 3, 5, 7, 9, 11), "mip: QEMU has the interrupts of H and of the counters"),
    0x104: (~bits(1, 5, 9), "sie: QEMU has the interrupts of H and of the counters"),
    0x144: (~bits(1, 5, 9), "sip: QEMU has the interrupts of H and of the counters"),
    0x106: (~0xffffffff, "scounteren: QEMU keeps 64 bits; the register has 32 (4.1.5)"),
    0x306: (~0xffffffff, "mcounteren: QEMU keeps 64 bits; the register has 32 (3.1.11)"),
    0x320: (~bits(0, 2), "mcountinhibit: QEMU keeps 64 bits; here the hpm counters are zero, and bit 1 does not exist (3.1.12)"),
    0x10a: (bits(4, 5, 6, 7), "senvcfg: QEMU stores the fields of Zicbom and Zicboz"),
    0x30a: (bits(4, 5, 6, 7, 62), "menvcfg: QEMU stores the fields of Zicbom, Zicboz and Svpbmt"),
    0x141: (bits(0), "sepc: QEMU stores bit 0; it is always zero (4.1.7)"),
    0x341: (bits(0), "mepc: QEMU stores bit 0; it is always zero (3.1.14)"),
    0x323: (~0, "mhpmevent: read-only zero here (3.1.10)"),
    0x33f: (~0, "mhpmevent: read-only zero here (3.1.10)"),
}
PMP_ADDRESS = (~((1 << 54) - 1), "pmpaddr: QEMU keeps bits 63..54, which are zero (3.7.1)")
PMP_WRITE_ONLY = "pmpcfg: W without R is reserved; QEMU stores it, here W is dropped (3.7.1)"
STATUS_MPP = "mstatus: QEMU stores MPP = 2, which is no mode; here MPP stays (3.1.6.1)"
STATUS_SD = "mstatus, sstatus: QEMU's SD follows VS, too"
SD = 1 << 63
VS = 3 << 9
MPP = 3 << 11

# Existence of CSRs, by number.
EXIST = {0x24d: "vstimecmp: QEMU has it without H"}


def legal_pmp(value):
    for i in range(8):
        if (value >> (8 * i)) & 3 == 2:
            value &= ~(2 << (8 * i))
    return value


def explain_csr(here, there):
    """`here` and `there`: the words of a C line. The two values read must agree but for what the tables take out."""
    if here[:7] != there[:7] or here[7:9] != there[7:9]:
        return False, []
    number = int(here[2], 16)
    reasons = []
    kept_mpp = False
    for ours, theirs in zip((int(word, 16) for word in here[9:11]), (int(word, 16) for word in there[9:11])):
        if ours == theirs:
            continue
        mask, reason = NOT_COMPARED.get(number, PMP_ADDRESS if 0x3b0 <= number <= 0x3bf else (0, None))
        if number in (0x3a0, 0x3a2):
            theirs, reason = legal_pmp(theirs), PMP_WRITE_ONLY
        if number in (0x100, 0x300) and theirs & VS == VS:
            mask |= SD
            reasons.append(STATUS_SD)
        if number == 0x300 and (kept_mpp or theirs & MPP == 2 << 11):
            mask |= MPP
            kept_mpp = True
            reasons.append(STATUS_MPP)
        if (ours ^ theirs) & ~mask & (1 << 64) - 1:
            return False, []
        if reason is not None:
            reasons.append(reason)
    return True, reasons


def explain_paging(here, there):
    """AMOs to where nothing is: the leaf leads outside RAM."""
    reasons = []
    for i in [i for i, (ours, theirs) in enumerate(zip(here, there)) if ours != theirs]:
        ours, theirs = here[i], there[i]
        if i == CAUSE and here[KIND] in AMO_KINDS and (ours, theirs) == ("7", "5"):
            reasons.append(AMO_NOWHERE)
        else:
            return False, []
    return True, reasons


def explain(here, there):
    """Both lines of a case that differ. Returns whether the known differences cover it, and which they are."""
    ours, theirs = here.split(), there.split()
    if len(ours) != len(theirs) or ours[0] != theirs[0]:
        return False, []
    if ours[0] == "C":
        return explain_csr(ours, theirs)
    if ours[0] == "P":
        return explain_paging(ours, theirs)
    if ours[0] == "X" and int(ours[1], 16) in EXIST:
        return True, [EXIST[int(ours[1], 16)]]
    return False, []
