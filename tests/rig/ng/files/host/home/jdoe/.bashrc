alias vms="vdsm-client Host getVMList"
