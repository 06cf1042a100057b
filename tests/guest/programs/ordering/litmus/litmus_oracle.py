#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Derives from the RVWMO axioms what every form in tests.h may show, and compares it with the table.

For each form it enumerates the global memory orders that respect preserved program order, lets the load value axiom give
the loads their values, and drops orders that break the value-dependent rules (2, 3) or the atomicity axiom. It then checks
that the weak outcome is possible exactly if the table says ALLOWED, and that no outcome is possible that is neither
sequentially consistent nor the weak one.
Source: RISC-V unprivileged specification 20191213, section 14.1 and appendix A.3.
usage: litmus_oracle.py [--show]
"""
import itertools
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent


class Op:
    def __init__(self, thread, position, var):
        self.thread, self.position, self.var = thread, position, var
        self.load = self.store = self.acquire = self.release = False
        self.value = None      # stored constant; None: stores what `copies` loaded
        self.copies = None
        self.register = None   # (thread, 1 or 2)
        self.paired = None     # the LR of this SC
        self.after = []        # operations that ppo puts before this one, by static rules


def access(ops, thread, which, kind, is_write, var, value):
    """Appends the operations of one access; returns (first, last, loading operation or None)."""
    def new():
        op = Op(thread, len(ops), var)
        ops.append(op)
        return op
    style, _, bits = kind.partition('_')
    if style == 'plain':
        op = new()
        op.load, op.store = not is_write, is_write
        op.value = value if is_write else None
        op.register = None if is_write else (thread, which)
        return op, op, None if is_write else op
    if style == 'amo':
        op = new()
        op.load = op.store = True
        op.value = value if is_write else None
        op.copies = None if is_write else op
        op.register = None if is_write else (thread, which)
        op.acquire, op.release = 'aq' in bits, 'rl' in bits
        return op, op, op
    lr, sc = new(), new()
    lr.load = sc.store = True
    lr.register = None if is_write else (thread, which)
    sc.value = value if is_write else None
    sc.copies = None if is_write else lr
    sc.paired = lr
    for op in (lr, sc):
        op.acquire, op.release = 'aq' in bits, 'rl' in bits
    return lr, sc, lr


def fence_sets(separator):
    """[(predecessor kinds, successor kinds)] of a fence."""
    if separator == 'fence_tso':
        return [('r', 'rw'), ('w', 'w')]
    m = re.fullmatch(r'fence_([rw]+)_([rw]+)', separator)
    return [(m.group(1), m.group(2))] if m else []


def kinds(op):
    return ('r' if op.load else '') + ('w' if op.store else '')


def build(threads, links, names):
    """Operations of the program with their static ppo edges."""
    all_ops = []
    for t, ((pattern, a, v1, b, v2), name) in enumerate(zip(threads, names)):
        first_kind, separator, second_kind = links[name]
        ops = []
        _, end_of_first, loader = access(ops, t, 1, first_kind, pattern[0] == 'W', a, v1)
        firsts = list(ops)
        if len(pattern) == 2:
            access(ops, t, 2, second_kind, pattern[1] == 'W', b, v2)
        seconds = [op for op in ops if op not in firsts]
        for x, y in itertools.combinations(ops, 2):
            rule_1 = y.store and x.var == y.var
            fenced = x in firsts and y in seconds and any(
                set(p) & set(kinds(x)) and set(s) & set(kinds(y)) for p, s in fence_sets(separator))
            rule_7 = (x.acquire or x.release) and (y.acquire or y.release)
            depends = y in seconds and loader is not None and x is loader and (
                separator in ('address',) or (separator == 'data' and y.store) or (separator == 'control' and y.store))
            if rule_1 or fenced or x.acquire or y.release or rule_7 or y.paired is x or depends:
                y.after.append(x)
        all_ops += ops
    return all_ops


def linear_extensions(ops):
    order, placed = [], set()
    def extend():
        if len(order) == len(ops):
            yield list(order)
            return
        for op in ops:
            if op in placed or any(b not in placed for b in op.after):
                continue
            order.append(op)
            placed.add(op)
            yield from extend()
            placed.discard(op)
            order.pop()
    yield from extend()


def read_from(op, order, at, ops):
    """The store that the load value axiom gives to a load; None: the initial value."""
    best = None
    for other in order:
        if other is op or not other.store or other.var != op.var:
            continue
        program_before = other.thread == op.thread and other.position < op.position
        if (at[other] < at[op] or program_before) and (best is None or at[other] > at[best]):
            best = other
    return best


def outcomes(ops, observed):
    found = set()
    for order in linear_extensions(ops):
        at = {op: i for i, op in enumerate(order)}
        source = {op: read_from(op, order, at, ops) for op in ops if op.load}
        def stored(op):
            return op.value if op.copies is None else loaded(op.copies)
        def loaded(op):
            return 0 if source[op] is None else stored(source[op])
        good = True
        for x, y in itertools.permutations(ops, 2):
            if x.thread != y.thread or x.position >= y.position or x.var != y.var or not y.load:
                continue
            between = any(z.thread == x.thread and z.store and z.var == x.var and x.position < z.position < y.position
                          for z in ops)
            rule_2 = x.load and not between and source[x] is not source[y] and not (x.store and source[y] is x)
            rule_3 = x.store and (x.load or x.paired is not None) and source[y] is x
            if (rule_2 or rule_3) and at[x] > at[y]:
                good = False
        for sc in ops:
            if sc.paired is None:
                continue
            s = source[sc.paired]
            low = -1 if s is None else at[s]
            if low > at[sc] or any(z.store and z.var == sc.var and z.thread != sc.thread and low < at[z] < at[sc] for z in ops):
                good = False
        if not good:
            continue
        values = []
        for kind, *which in observed:
            if kind == 'REG':
                values.append(next(loaded(op) for op in ops if op.register == tuple(which)))
            else:
                writes = [op for op in order if op.store and op.var == which[0]]
                values.append(stored(writes[-1]) if writes else 0)
        found.add(tuple(values))
    return found


def sequentially_consistent(threads, observed, links):
    """Outcomes of interleavings: plain accesses, fully ordered in each thread."""
    names = ['fence_rw_rw'] * len(threads)
    ops = build(threads, links, names)
    for x, y in itertools.permutations(ops, 2):
        if x.thread == y.thread and x.position < y.position and x not in y.after:
            y.after.append(x)
    return outcomes(ops, observed)


def numbers(text):
    return tuple(int(n) for n in re.findall(r'\d+', text))


def parse():
    links = {m[0]: (m[1], m[2], m[3])
             for m in re.findall(r'LINK\((\w+), (\w+), (\w+), (\w+)\) *\\?$', (HERE / 'links.h').read_text(), re.M)}
    text = re.sub(r'\\\n', ' ', (HERE / 'tests.h').read_text())
    tests = {}
    for name, threads, observed, weak in re.findall(
            r'TEST\((\w+), ((?:THREAD\([^)]*\)\s*)+),\s*OBSERVED\(((?:(?:REG|MEM)\([^)]*\),?\s*)+)\),\s*WEAK\(([^)]*)\)\)', text):
        parsed = []
        for pattern, a, v1, b, v2 in re.findall(r'THREAD\((\w+), (\w), (\d), (\w), (\d)\)', threads):
            parsed.append((pattern, a, int(v1), b, int(v2)))
        seen = [('REG', *numbers(inner)) if kind == 'REG' else ('MEM', inner.strip())
                for kind, inner in re.findall(r'(REG|MEM)\(([^)]*)\)', observed)]
        tests[name] = (parsed, seen, numbers(weak))
    forms = [(test, form, tuple(w.strip() for w in used.split(',')), verdict)
             for test, form, used, verdict in re.findall(r'FORM\((\w+), (\w+), LINKS\(([^)]*)\), (ALLOWED|FORBIDDEN)\)', text)]
    return links, tests, forms


def main():
    show = '--show' in sys.argv[1:]
    if '--help' in sys.argv[1:]:
        print(__doc__)
        return 0
    links, tests, forms = parse()
    wrong = 0
    for test, form, used, verdict in forms:
        threads, observed, weak = tests[test]
        if len(used) != len(threads):
            print(f'{test} {form}: {len(used)} links for {len(threads)} threads')
            wrong += 1
            continue
        strong = sequentially_consistent(threads, observed, links)
        possible = outcomes(build(threads, links, used), observed)
        derived = 'ALLOWED' if weak in possible else 'FORBIDDEN'
        others = possible - strong - {weak}
        bad = derived != verdict or others or weak in strong
        if bad:
            wrong += 1
        if show or bad:
            print(f'{test} {form}: table {verdict}, axioms {derived}' + (f', also possible: {sorted(others)}' if others else '') +
                  (', the weak outcome is sequentially consistent' if weak in strong else ''))
    print(f'{len(forms)} forms of {len(tests)} tests, {wrong} wrong')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
