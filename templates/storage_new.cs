<?cs # storage_new.cs: which kind of storage? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<p>Where shall backups lie?</p>
<div class="grid">
<section class="card"><h2>Folder</h2><p>A folder of this server: a disk of its own, or one that is mounted from elsewhere.</p><div class="actions"><a class="button is-primary" href="/storage/new?kind=local">Add a folder</a></div></section>
<section class="card"><h2>S3 bucket</h2><p>A bucket of any S3-compatible service: AWS, Ceph, Garage, MinIO, Backblaze B2, Cloudflare R2, OpenStack Swift.</p><div class="actions"><a class="button is-primary" href="/storage/new?kind=s3">Add an S3 bucket</a></div></section>
<section class="card"><h2>SFTP server</h2><p>A folder of another machine, over SSH: a NAS, a rented storage box, any server with OpenSSH.</p><div class="actions"><a class="button is-primary" href="/storage/new?kind=sftp">Add an SFTP server</a></div></section>
</div>
<?cs include!"foot.cs" ?>
