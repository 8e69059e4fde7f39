//! Writes and reads JSON (RFC 8259), as much of it as bowout speaks: values whose form is known, each on one line.

mod read;
mod write;

pub(crate) use read::{Read, Slot, Value, read};
pub(crate) use write::{Write, exited, line, object, object_of_given, signaled, text};

/// Has a type written as an object of these fields, in this order.
macro_rules! written {
    ($type:ty: $($field:ident),+ $(,)?) => {
        impl $crate::json::Write for $type {
            fn write(&self, to: &mut String) {
                $crate::json::object(to, &[$(stringify!($field)),+], &[$(&self.$field),+]);
            }
        }
    };
    (given $type:ty: $($field:ident),+ $(,)?) => {
        impl $crate::json::Write for $type {
            fn write(&self, to: &mut String) {
                $crate::json::object_of_given(to, &[$(stringify!($field)),+], &[$(&self.$field),+]);
            }
        }
    };
}

/// Has a type read from an object with these fields. Others are passed over.
macro_rules! readable {
    ($type:ty: $($field:ident),+ $(,)?) => {
        impl $crate::json::Read for $type {
            fn read(mut slot: $crate::json::Slot<'_, '_>) -> Self {
                Self { $($field: slot.field(stringify!($field))),+ }
            }
        }
    };
}

pub(crate) use {readable, written};

#[cfg(test)]
mod tests;
