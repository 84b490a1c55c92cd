use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;
use crate::{PublicKey, SpkiNotes};

fn group(id: u8) -> DhGroup {
    DhGroup::from_parameter_id(id).unwrap()
}

#[test]
fn each_group_of_the_table_is_one() {
    for id in 0..3 {
        let known = group(id);
        let numbers = [known.p.as_ref(), &known.q, &known.g].map(|n| n.to_be_bytes().to_vec());
        assert_eq!(DhGroup::from_numbers(&numbers[0], &numbers[1], &numbers[2]), Ok(known.clone()));
        assert!(known.element_of(&known.g).is_ok());
    }
    assert_eq!(DhGroup::from_parameter_id(3), None);
}

#[test]
fn both_sides_agree_and_keys_are_read_back() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for id in 0..3 {
        let [a, b] = [(); 2].map(|()| DhPrivateKey::generate(&group(id), &mut rng));
        assert_eq!(a.agree(&b.public_key()), b.agree(&a.public_key()));
        let private = DhPrivateKey::from_pkcs8_der(&a.to_pkcs8_der()).unwrap();
        assert_eq!(private.public_key(), a.public_key());
        let key = a.public_key();
        let read = PublicKey::from_spki_der(&key.to_spki_der());
        assert_eq!(read, Ok((PublicKey::Dh(key), SpkiNotes::default())));
    }
    let [a, b] = [0, 1].map(|id| DhPrivateKey::generate(&group(id), &mut rng));
    assert_eq!(a.agree(&b.public_key()), Err(Error::KeyMismatch));
}

#[test]
fn numbers_outside_the_subgroup_are_refused() {
    let group = group(2);
    let p_less_one = group.p_less_one().to_be_bytes();
    let refused = Err(Error::DhKey("public number"));
    for number in [&[][..], &[0], &[1], &[2], &p_less_one, &group.modulus(), &[0xff; 300]] {
        assert_eq!(group.element_from_bytes(number), refused);
    }
}

#[test]
fn parameters_of_other_sizes_or_orders_are_refused() {
    let group = group(2);
    let [p, q, g] = [group.p.as_ref(), &group.q, &group.g].map(|n| n.to_be_bytes().to_vec());
    let other_q = {
        let mut q = q.clone();
        q[31] ^= 2;
        q
    };
    assert_eq!(DhGroup::from_numbers(&p, &other_q, &g), Err(Error::DhKey("order")));
    assert_eq!(DhGroup::from_numbers(&p, &q, &[2]), Err(Error::DhKey("generator")));
    assert_eq!(DhGroup::from_numbers(&p[1..], &q, &g), Err(Error::DhKey("size")));
    assert_eq!(DhGroup::from_numbers(&p, &q[1..], &g), Err(Error::DhKey("size")));
    assert_eq!(DhGroup::from_numbers(&[0xff; 513], &q, &g), Err(Error::DhKey("size")));
}
