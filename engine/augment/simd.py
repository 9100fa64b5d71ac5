"""Vectors of LANES numbers for numba kernels: LLVM's vector values, with Python's operators.

numba compiles code that works on single numbers, and LLVM does not turn a gather in it into vector instructions. So a
kernel's inner step can be written as a numba `intrinsic` with this class, for which LLVM picks the vector instructions
that the CPU has. Each lane is rounded as a single number would be: the results stay the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from llvmlite import ir
from numba.core import cgutils

LANES = 8

DOUBLE, FLOAT = ir.DoubleType(), ir.FloatType()
INT32, INT64 = ir.IntType(32), ir.IntType(64)

# Added to a whole number below 2**51, it leaves the number in the low bits: faster than a conversion, which most CPUs
# only have for single numbers.
WHOLE = 1.5 * 2**52
WHOLE_BITS = 0x4338000000000000


def pointer(context: Any, builder: Any, array_type: Any, array: Any, *offsets: Any) -> Any:
    """Address of an element of a C-contiguous array; `offsets` are integers to be added up."""
    address = context.make_array(array_type)(context, builder, array).data
    for offset in offsets:
        address = builder.gep(address, [INT64(offset) if isinstance(offset, int) else offset])
    return address


def load(builder: Any, address: Any, element: Any) -> Any:
    """One number of the type `element`, from any address."""
    return builder.load(builder.bitcast(address, element.as_pointer()), align=1)


class Vector:
    """LANES numbers of one type. Operands may also be plain Python numbers, or single LLVM values."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value
        self.element = value.type.element

    @classmethod
    def of(cls, builder: Any, element: Any, numbers: Sequence[float]) -> Self:
        """Constants."""
        return cls(builder, ir.Constant(ir.VectorType(element, LANES), [element(number) for number in numbers]))

    @classmethod
    def repeated(cls, builder: Any, single: Any) -> Self:
        """One number in all lanes."""
        first = builder.insert_element(ir.VectorType(single.type, LANES)(ir.Undefined), single, INT32(0))
        return cls(builder, builder.shuffle_vector(first, first, _mask([0] * LANES)))

    @classmethod
    def load(cls, builder: Any, address: Any) -> Self:
        """LANES neighbours in memory."""
        return cls(builder, load(builder, address, ir.VectorType(address.type.pointee, LANES)))

    @classmethod
    def gather(cls, builder: Any, addresses: Sequence[Any], element: Any) -> Self:
        """One number from each address."""
        value = ir.VectorType(element, LANES)(ir.Undefined)
        for lane, address in enumerate(addresses):
            value = builder.insert_element(value, load(builder, address, element), INT32(lane))
        return cls(builder, value)

    def store(self, address: Any) -> None:
        """Write LANES neighbours in memory."""
        self.builder.store(self.value, self.builder.bitcast(address, self.value.type.as_pointer()), align=1)

    def store_some(self, address: Any, stride: Any, n: Any) -> None:
        """Write the first n lanes, `stride` elements from one to the next."""
        for lane in range(LANES):
            with self.builder.if_then(self.builder.icmp_signed(">", n, INT64(lane))):
                number = self.builder.extract_element(self.value, INT32(lane))
                self.builder.store(number, self.builder.gep(address, [self.builder.mul(stride, INT64(lane))]))

    def __add__(self, other: Any) -> Vector:
        return self._new(self.builder.fadd(self.value, self._operand(other)))

    def __sub__(self, other: Any) -> Vector:
        return self._new(self.builder.fsub(self.value, self._operand(other)))

    def __rsub__(self, other: Any) -> Vector:
        return self._new(self.builder.fsub(self._operand(other), self.value))

    def __mul__(self, other: Any) -> Vector:
        return self._new(self.builder.fmul(self.value, self._operand(other)))

    def __truediv__(self, other: Any) -> Vector:
        return self._new(self.builder.fdiv(self.value, self._operand(other)))

    def __lt__(self, other: Any) -> Vector:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Vector:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Vector:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Vector:
        return self._compared(">=", other)

    def __rshift__(self, bits: Any) -> Vector:
        return self._new(self.builder.lshr(self.value, self._operand(bits)))

    def __lshift__(self, bits: Any) -> Vector:
        return self._new(self.builder.shl(self.value, self._operand(bits)))

    def __and__(self, bits: Any) -> Vector:
        return self._new(self.builder.and_(self.value, self._operand(bits)))

    def at_least(self, low: Any) -> Vector:
        """The larger of the two; not a number stays so."""
        return self.masked_fill(self < low, low)

    def at_most(self, high: Any) -> Vector:
        """The smaller of the two; for what is not a number, `high`."""
        return self._new(self._operand(high)).masked_fill(self < high, self)

    def floor(self) -> Vector:
        """The whole number below."""
        return self._call("floor")

    def truncate(self) -> Vector:
        """The whole number towards zero."""
        return self._call("trunc")

    def absolute(self) -> Vector:
        """The number without its sign."""
        return self._call("fabs")

    def is_nan(self) -> Vector:
        """A vector of true and false."""
        return self._new(self.builder.fcmp_unordered("uno", self.value, self.value))

    def masked_fill(self, mask: Vector, other: Any) -> Vector:
        """`other` in the lanes of a comparison that is true, this elsewhere."""
        return self._new(self.builder.select(mask.value, self._operand(other), self.value))

    def to_double(self) -> Vector:
        """From float32, or from integers that are not negative."""
        convert = self.builder.fpext if self.element == FLOAT else self.builder.sitofp
        return self._new(convert(self.value, ir.VectorType(DOUBLE, LANES)))

    def to_float(self) -> Vector:
        """From float64, rounded."""
        return self._new(self.builder.fptrunc(self.value, ir.VectorType(FLOAT, LANES)))

    def to_int64(self) -> Vector:
        """From float64 that are whole numbers below 2**51."""
        bits = self.builder.bitcast((self + WHOLE).value, ir.VectorType(INT64, LANES))
        return self._new(self.builder.sub(bits, Vector.of(self.builder, INT64, [WHOLE_BITS] * LANES).value))

    def to_int32(self) -> Vector:
        """The low half of int64."""
        return self._new(self.builder.trunc(self.value, ir.VectorType(INT32, LANES)))

    def _new(self, value: Any) -> Vector:
        return Vector(self.builder, value)

    def _compared(self, sign: str, other: Any) -> Vector:
        """A vector of true and false; false for what is not a number."""
        return self._new(self.builder.fcmp_ordered(sign, self.value, self._operand(other)))

    def _call(self, name: str) -> Vector:
        """One of LLVM's own functions of a float64."""
        kind = ir.FunctionType(self.value.type, [self.value.type])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}.v{LANES}f64")
        return self._new(self.builder.call(function, [self.value]))

    def _operand(self, other: Any) -> Any:
        if isinstance(other, Vector):
            return other.value
        single = other if isinstance(other, ir.Value) else self.element(other)
        return Vector.repeated(self.builder, single).value


def store_interleaved(vectors: Sequence[Vector], address: Any) -> None:
    """Write the first lanes of all vectors, then their second lanes, and so on. At most four vectors."""
    builder = vectors[0].builder
    if len(vectors) == 1:
        return vectors[0].store(address)
    values = [vector.value for vector in vectors]
    if len(values) > 2:
        values += values[-1:] * (4 - len(values))  # two of a length are joined at a time
        values = [builder.shuffle_vector(*pair, _mask(range(2 * LANES))) for pair in (values[:2], values[2:])]
    order = [lane + LANES * k for lane in range(LANES) for k in range(len(vectors))]
    together = builder.shuffle_vector(*values, _mask(order))
    builder.store(together, builder.bitcast(address, together.type.as_pointer()), align=1)


def _mask(order: Sequence[int]) -> Any:
    return ir.Constant(ir.VectorType(INT32, len(order)), list(order))
