//! No face stays in the files of a database, portrait or frame: not of an enrolment that was decided, sealed, given up or left undecided, on
//! SQLite (file, WAL, free pages) and on PostgreSQL (tables, TOAST, WAL).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use lds::FileId;
use sqlx::{PgPool, Row as _};

use crate::challenge::{self, ready_with};
use crate::common::Bench;
use crate::common::phone::Phone;
use crate::engines::on_postgres_with;
use crate::faces;

/// Bytes of a piece of an image that is searched for.
const PIECE: usize = 24;
/// The bytes that are compared first.
const HEAD: usize = 8;

/// Every form in which a piece of an image could stand somewhere: raw, hexadecimal, base64 at each of three places.
fn forms(piece: &[u8]) -> Vec<Vec<u8>> {
    let mut forms =
        vec![piece.to_vec(), hex::encode(piece).into_bytes(), hex::encode_upper(piece).into_bytes()];
    for shift in 0..3 {
        // Only groups of three bytes within the piece: they do not depend on what stands beside it.
        let whole = &piece[shift..shift + (piece.len() - shift) / 3 * 3];
        forms.push(BASE64_STANDARD_NO_PAD.encode(whole).into_bytes());
        forms.push(BASE64_URL_SAFE_NO_PAD.encode(whole).into_bytes());
    }
    forms
}

/// The pieces of images, by their first bytes.
struct Search(HashMap<[u8; HEAD], Vec<Vec<u8>>>);

impl Search {
    /// Thirty-two pieces of each image, spread over it.
    fn for_images(images: &[Vec<u8>]) -> Self {
        let mut by_head: HashMap<[u8; HEAD], Vec<Vec<u8>>> = HashMap::new();
        for image in images {
            let step = ((image.len() - PIECE) / 32).max(1);
            for piece in (0..image.len() - PIECE).step_by(step).map(|at| &image[at..at + PIECE]) {
                // A run of one byte is nobody's face.
                if piece.iter().collect::<std::collections::HashSet<_>>().len() > PIECE / 2 {
                    for form in forms(piece) {
                        by_head.entry(form[..HEAD].try_into().unwrap()).or_default().push(form);
                    }
                }
            }
        }
        assert!(by_head.len() > 100, "the images have enough to be searched for");
        Self(by_head)
    }

    fn finds(&self, bytes: &[u8]) -> bool {
        bytes.windows(HEAD).enumerate().any(|(at, head)| {
            let head: [u8; HEAD] = head.try_into().unwrap();
            self.0.get(&head).is_some_and(|forms| forms.iter().any(|form| bytes[at..].starts_with(form)))
        })
    }
}

#[test]
fn a_piece_is_found_in_each_form() {
    let image: Vec<u8> = (0..2000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let search = Search::for_images(std::slice::from_ref(&image));
    let around = |text: &[u8]| [b"before ".as_slice(), text, b" after"].concat();
    assert!(search.finds(&around(&image)));
    assert!(search.finds(&around(hex::encode(&image).as_bytes())));
    for shift in 0..3 {
        let moved = [vec![1; shift], image.clone()].concat();
        assert!(search.finds(&around(BASE64_URL_SAFE_NO_PAD.encode(moved).as_bytes())), "{shift}");
    }
    let other: Vec<u8> = image.iter().map(|byte| byte ^ 1).collect();
    assert!(!search.finds(&around(&other)));
}

/// Enrolments in each state that one can be in; the portraits that were uploaded.
fn fill(bench: &Bench) -> (Vec<Vec<u8>>, Vec<String>) {
    let passport = |tint: u8, number: &str| {
        bench.builder().document_number(number).portrait_tint(tint).build(&bench.utopia)
    };
    let passports = [
        passport(10, "X11111111"),
        passport(60, "X22222222"),
        passport(110, "X33333333"),
        passport(160, "X44444444"),
    ];
    let (sealed, _) = Phone::enrol(bench, 1, &passports[0]);
    let decided = Phone::up_to_the_seal(bench, 2, &passports[1]);
    let mut undecided = Phone::open(bench, 3);
    undecided.upload_all(&passports[2]);
    undecided.prove_chip(&passports[2]);
    undecided.face_session();
    let mut given_up = Phone::open(bench, 4);
    given_up.upload_all(&passports[3]);
    assert_eq!(given_up.call("DELETE", "", b"").status, 204);
    let portrait = |of: &test_passports::Specimen| {
        lds::Dg2::parse(of.file(FileId::Dg(2))).unwrap().faces[0].image.to_vec()
    };
    // The built-in engine has had frames of one, and judged those of another.
    let face = faces::passport_of(bench, "ada");
    let (mut half, mut judged) = (ready_with(bench, 5, &face), ready_with(bench, 6, &face));
    for phone in [&mut half, &mut judged] {
        let mut play = challenge::begin(phone);
        faces::show(phone, &mut play, |_| "ada");
        assert_eq!(challenge::kept(bench, phone), 5);
    }
    assert_eq!(judged.json("PUT", "/face", &challenge::DECIDE).status, 200);
    let mut names = vec![sealed.device_id()];
    names.extend([&decided, &undecided, &half, &judged].map(|phone| phone.enrolment_id.clone()));
    let seen = ["centre", "turn-left", "turn-right", "smile", "close-eyes"];
    let frames =
        seen.iter().flat_map(|step| (1..=2).map(move |n| faces::picture(&format!("ada/{step}-{n}.jpg"))));
    let portraits = passports.iter().chain([&face]).map(portrait);
    (portraits.chain(frames).collect(), names)
}

/// Every file under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// None of the files holds a piece of the images; one of them holds each of the names, so they are the right files.
fn assert_no_face(paths: &[PathBuf], images: &[Vec<u8>], names: &[String]) {
    let search = Search::for_images(images);
    let mut missing: Vec<&String> = names.iter().collect();
    for path in paths {
        // PostgreSQL removes files while they are listed.
        let Ok(bytes) = std::fs::read(path) else { continue };
        assert!(!search.finds(&bytes), "{} holds a face", path.display());
        missing.retain(|name| !bytes.windows(name.len()).any(|window| window == name.as_bytes()));
    }
    assert!(missing.is_empty(), "not in the files that were searched: {missing:?}");
}

#[test]
fn the_files_of_sqlite_hold_no_face() {
    let bench = challenge::bench();
    let (images, names) = fill(&bench);
    let paths: Vec<_> =
        ["sceau.db", "sceau.db-wal"].iter().map(|name| bench.folder.path().join(name)).collect();
    assert_no_face(&paths, &images, &names);
}

#[test]
fn the_files_of_postgresql_hold_no_face() {
    let Some(bench) = on_postgres_with(challenge::built_in) else { return };
    let (images, names) = fill(&bench);
    let cluster = std::env::var("SCEAU_TEST_POSTGRES").unwrap();
    let (data, database) = bench.runtime.block_on(async {
        let admin = PgPool::connect(&cluster).await.unwrap();
        // What is in memory only is written first.
        sqlx::query("CHECKPOINT").execute(&admin).await.unwrap();
        let data: String = sqlx::query("SHOW data_directory").fetch_one(&admin).await.unwrap().get(0);
        let own =
            PgPool::connect(bench.state().config.database.url.as_ref().unwrap().expose()).await.unwrap();
        let oid = "SELECT oid::text FROM pg_database WHERE datname = current_database()";
        let database: String = sqlx::query(oid).fetch_one(&own).await.unwrap().get(0);
        (PathBuf::from(data), database)
    });
    let paths = [files(&data.join("base").join(database)), files(&data.join("pg_wal"))].concat();
    assert_no_face(&paths, &images, &names);
}

#[test]
fn an_enrolment_that_is_not_decided_is_forgotten_when_its_time_is_over() {
    let bench = Bench::start();
    let mut phone = Phone::open(&bench, 1);
    let passport = bench.passport();
    phone.upload_all(&passport);
    let rows = || {
        let file = bench.folder.path().join("sceau.db");
        bench.runtime.block_on(async {
            let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
            let count = "SELECT COUNT(*) FROM enrolment_evidence";
            sqlx::query(count).fetch_one(&pool).await.unwrap().get::<i64, _>(0)
        })
    };
    assert!(rows() > 5);
    bench.clock.advance(3599);
    bench.runtime.block_on(sceau::housekeeping::once(bench.state())).unwrap();
    assert!(rows() > 5, "its hour is not over");
    bench.clock.advance(2);
    bench.runtime.block_on(sceau::housekeeping::once(bench.state())).unwrap();
    assert_eq!(rows(), 0);
}
