//! The commands of the key agreement (Doc 9303-11, 6.2.4), as the reader sends them and the chip understands them.

use lds::security_info::ChipAuthenticationInfo;
use lds::tlv;

use super::{CIPHERS, ChipAuthenticationTask, TaskProtocol};
use crate::apdu::{LE_SHORT, ins};
use crate::dynamic_authentication::encode;
use crate::{Command, Error};

const EPHEMERAL_PUBLIC_KEY_KAT: u32 = 0x91;
const EPHEMERAL_PUBLIC_KEY_GA: u32 = 0x80;
const PROTOCOL: u32 = 0x80;
const PRIVATE_KEY_REFERENCE: u32 = 0x84;

/// The commands of the key agreement, to be sent under the session that is open. They are answered under it too, and
/// the new keys apply from the next command on.
///
/// # Errors
/// [`Error::ChipAuthenticationUnsupported`]: a protocol that is none of Chip Authentication.
pub fn key_agreement(task: &ChipAuthenticationTask) -> Result<Vec<Command>, Error> {
    let reference = task.key_reference.as_deref();
    let reference = reference.map(|id| tlv::encode(PRIVATE_KEY_REFERENCE, id)).unwrap_or_default();
    let set = |template, object: Vec<u8>| {
        let data = [object, reference.clone()].concat();
        Command::new(ins::MANAGE_SECURITY_ENVIRONMENT, 0x41, template, data, None)
    };
    match &task.protocol {
        TaskProtocol::Kat => {
            Ok(vec![set(0xA6, tlv::encode(EPHEMERAL_PUBLIC_KEY_KAT, &task.ephemeral_public_key))])
        }
        TaskProtocol::AtGa { oid } => {
            let kinds = [ChipAuthenticationInfo::ecdh, ChipAuthenticationInfo::dh];
            let mut known = CIPHERS.iter().flat_map(|cipher| kinds.map(|kind| kind(*cipher, None).oid));
            let oid = known.find(|known| known.to_string() == *oid);
            let oid = oid.ok_or(Error::ChipAuthenticationUnsupported)?;
            let data = encode(Some((EPHEMERAL_PUBLIC_KEY_GA, &task.ephemeral_public_key)));
            Ok(vec![
                set(0xA4, tlv::encode(PROTOCOL, oid.as_bytes())),
                Command::new(ins::GENERAL_AUTHENTICATE, 0, 0, data, Some(LE_SHORT)),
            ])
        }
    }
}

/// The chip's side.
pub mod chip {
    use crypto::SessionCipher;
    use lds::tlv::{Element, Oid, Reader};

    use super::super::ChipPrivateKey;
    use super::{EPHEMERAL_PUBLIC_KEY_GA, EPHEMERAL_PUBLIC_KEY_KAT, PRIVATE_KEY_REFERENCE, PROTOCOL};
    use crate::dynamic_authentication::{decode, encode};
    use crate::{Command, Response, SecureMessaging, StatusWord, Step};

    /// What MSE:Set KAT says.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SetKat {
        /// The terminal's public key.
        pub ephemeral_public_key: Vec<u8>,
        /// The number of the chip's key.
        pub key_reference: Option<Vec<u8>>,
    }

    /// What MSE:Set AT says.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SetAt {
        /// The protocol.
        pub oid: Oid,
        /// The number of the chip's key.
        pub key_reference: Option<Vec<u8>>,
    }

    /// One object and, perhaps, the number of a key.
    fn parse<T>(
        command: &Command,
        tag: u32,
        read: impl Fn(&Element<'_>) -> lds::Result<T>,
    ) -> Result<(T, Option<Vec<u8>>), StatusWord> {
        let mut objects = Reader::new("APDU", &command.data);
        let mut parse = || {
            let object = read(&objects.expect(tag)?)?;
            let key_reference = objects.optional(PRIVATE_KEY_REFERENCE)?.map(|id| id.value.to_vec());
            objects.finish()?;
            Ok((object, key_reference))
        };
        parse().map_err(|_: lds::Error| StatusWord::WRONG_DATA)
    }

    impl SetKat {
        /// Reads the command.
        ///
        /// # Errors
        /// The status word to answer with.
        pub fn parse(command: &Command) -> Result<Self, StatusWord> {
            let key = |object: &Element<'_>| Ok(object.value.to_vec());
            let (ephemeral_public_key, key_reference) = parse(command, EPHEMERAL_PUBLIC_KEY_KAT, key)?;
            Ok(Self { ephemeral_public_key, key_reference })
        }
    }

    impl SetAt {
        /// Reads the command.
        ///
        /// # Errors
        /// The status word to answer with.
        pub fn parse(command: &Command) -> Result<Self, StatusWord> {
            let (oid, key_reference) = parse(command, PROTOCOL, |object| object.oid())?;
            Ok(Self { oid, key_reference })
        }
    }

    /// The terminal's public key in GENERAL AUTHENTICATE.
    ///
    /// # Errors
    /// The status word to answer with.
    pub fn ephemeral_public_key(command: &Command) -> Result<Vec<u8>, StatusWord> {
        let key = decode(Step::ChipAuthentication, &command.data, EPHEMERAL_PUBLIC_KEY_GA, &[]);
        key.map_err(|_| StatusWord::WRONG_DATA)
    }

    /// The answer to GENERAL AUTHENTICATE.
    #[must_use]
    pub fn general_authenticate_response() -> Response {
        Response::ok(encode(None))
    }

    /// Agrees on the new session with the chip's static key.
    ///
    /// # Errors
    /// 6A80: not a point of the key's curve, or a number outside its group.
    pub fn agree(
        key: &ChipPrivateKey,
        cipher: SessionCipher,
        theirs: &[u8],
    ) -> Result<SecureMessaging, StatusWord> {
        let secret = key.agree(theirs).map_err(|_| StatusWord::WRONG_DATA)?;
        Ok(SecureMessaging::from_shared_secret(cipher, &secret))
    }
}
