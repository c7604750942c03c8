use std::time::Instant;
fn load(p:&str)->Vec<f32>{ std::fs::read(p).unwrap().chunks_exact(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect() }
fn main(){
    let a:Vec<String>=std::env::args().collect();
    let base=load(&a[1]); let q=load(&a[2]); let dim=256usize;
    let n: usize = a.get(3).map_or(base.len()/dim,|x|x.parse().unwrap());
    let base=&base[..n*dim];
    let rows:Vec<u32>=(0..n as u32).collect();
    println!("kernels {}",ann::kernels::implementation());
    let t=Instant::now();
    let panels=ann::matrix::Panels::new(ann::matrix::Rows::new(&q,dim),dim);
    let scores=ann::matrix::product(ann::matrix::Rows::new(base,dim),&panels);
    let nq=q.len()/dim;
    let mut truth:Vec<Vec<u32>>=vec![];
    for i in 0..nq { let mut top=ann::topk::TopK::new(10); for r in 0..n { top.push(ann::topk::Hit{row:r as u32,score:scores[r*nq+i]}); } truth.push(top.into_sorted().iter().map(|h|h.row).collect()); }
    println!("truth {:?}",t.elapsed());
    let cfg=ann::segment::SegmentConfig{cells:a.get(4).map(|x|x.parse().unwrap()),planes:a.get(5).map_or(1,|x|x.parse().unwrap()),..Default::default()};
    let t=Instant::now();
    let s=ann::segment::Segment::build(&rows,base,dim,&cfg).unwrap();
    println!("build {:?} cells {} bytes/vector {:.1} simvq parts {}",t.elapsed(),s.cells(),s.bytes_per_vector(),s.reparameterised_parts());
    let keep=ann::segment::Keep::ALL;
    for frac in [0.02,0.05,0.08,0.1,0.13,0.16,0.2,0.25,0.3,0.4,1.0,2.0]{ for sl in [30usize,50,80,120,200]{
        let eff=if frac>1.5 {ann::segment::Effort::ALL} else {ann::segment::Effort{cells:(frac*s.cells() as f64) as usize,shortlist:sl}};
        if frac>1.5 && sl>30 {continue}
        let mut hit=0; let mut best=f64::MAX;
        for _ in 0..3 { let t=Instant::now(); hit=0; for (i,x) in q.chunks_exact(dim).enumerate(){ let (h,_)=s.search(x,10,eff,keep); hit+=h.iter().filter(|h|truth[i].contains(&h.row)).count(); } best=best.min(t.elapsed().as_secs_f64()/nq as f64*1e3); }
        println!("frac {frac} shortlist {sl} recall {:.4} {:.4} ms",hit as f64/nq as f64/10.0,best);
    }}
}
