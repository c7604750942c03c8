use std::time::Instant;
fn load(p:&str)->Vec<f32>{ std::fs::read(p).unwrap().chunks_exact(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect() }
fn main(){
    let q=load("/work/ann-data/queries.f32"); let dim=256;
    let truth:Vec<u32>=std::fs::read("/work/ann-data/gt100.i32").unwrap().chunks_exact(4).map(|c| u32::from_le_bytes(c.try_into().unwrap())).collect();
    let t=Instant::now();
    let s=ann::segment::Segment::open(std::path::Path::new("/work/ann-data/seg.ann")).unwrap();
    println!("open {:?}",t.elapsed());
    let a:Vec<usize>=std::env::args().skip(1).map(|x|x.parse().unwrap()).collect();
    for e in a.chunks(2) {
        let eff=ann::segment::Effort{cells:e[0],shortlist:e[1]};
        let mut best=f64::MAX; let mut hit=0;
        for _ in 0..8 { let cpu=||->f64{std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(" ").next().unwrap().parse::<f64>().unwrap()}; let t=cpu(); hit=0; for (i,x) in q.chunks_exact(dim).enumerate(){ let (h,_)=s.search(x,10,eff,ann::segment::Keep::ALL); hit+=h.iter().filter(|h|truth[i*100..i*100+10].contains(&h.row)).count(); } best=best.min((cpu()-t)/1e9); }
        println!("{e:?} recall {:.4} {best:.4} ms",hit as f64/1e4);
    }
}
