//! What an environment calls the members of an event.
#![forbid(unsafe_code)]

/// The names that the environment gives to an event's members. Those within `data` are
/// [`FieldNames`](crate::case::FieldNames).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventNames {
    /// Torch's `type`.
    pub r#type: String,
    /// Torch's `data`.
    pub data: String,
    /// Torch's `id`.
    pub id: String,
    /// Torch's `sent_at`.
    pub sent_at: String,
}

impl Default for EventNames {
    fn default() -> Self {
        Self {
            r#type: "type".into(),
            data: "data".into(),
            id: "id".into(),
            sent_at: "sent_at".into(),
        }
    }
}

impl EventNames {
    /// Gives Torch's member `member` the name `name`; false where an event has no such member.
    pub fn rename(&mut self, member: &str, name: &str) -> bool {
        let slot = match member {
            "type" => &mut self.r#type,
            "data" => &mut self.data,
            "id" => &mut self.id,
            "sent_at" => &mut self.sent_at,
            _ => return false,
        };
        name.clone_into(slot);
        true
    }
}
